"""The servers of `make services` answer as what they are."""

from __future__ import annotations

import httpx
import psycopg
from confluent_kafka.admin import AdminClient


def test_kafka_has_one_broker_that_makes_no_topic_by_itself(kafka_servers: str) -> None:
    client = AdminClient({"bootstrap.servers": kafka_servers})
    assert len(client.list_topics(timeout=10).brokers) == 1
    told = client.list_topics("never-made-by-anybody", timeout=10).topics["never-made-by-anybody"]
    assert told.error is not None


def test_the_registry_refuses_what_would_break_readers(registry_url: str) -> None:
    with httpx.Client(base_url=registry_url) as client:
        assert client.get("/config").json()["compatibilityLevel"] == "BACKWARD_TRANSITIVE"


def test_postgresql_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SHOW server_version_num").fetchone()
    assert row is not None
    assert int(row[0]) >= 150_000
