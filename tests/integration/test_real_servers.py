"""The servers of `make services` answer as what they are, on this machine only, and outlive who started them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tools.services import places
from tools.services.dapr import pub_sub, state_store
from tools.services.running import FOR_TESTS, SERVICES, ensure, forget, look, read

START_REDIS = """
import pathlib, sys
from tools.services import places
from tools.services.running import ensure
places.FOLDER = pathlib.Path(sys.argv[1])
print(ensure("redis"))
"""
ANY_RECORD = '{"type": "record", "name": "trial", "fields": [%s]}'


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for servers of the test's own."""
    monkeypatch.setattr(places, "FOLDER", tmp_path)
    yield tmp_path
    forget(SERVICES)


def ask_redis(address: str, *words: str) -> str:
    there = urlsplit(address)
    with socket.create_connection((there.hostname, there.port), 5) as connection:
        connection.sendall(" ".join(words).encode() + b"\r\n")
        return connection.recv(1_000).decode().strip()


def kill(name: str) -> None:
    known = read(name)
    assert known is not None
    os.kill(known.pid, 9)


def test_kafka_has_one_broker_that_makes_no_topic_by_itself(kafka_servers: str) -> None:
    client = AdminClient({"bootstrap.servers": kafka_servers})
    assert len(client.list_topics(timeout=10).brokers) == 1
    told = client.list_topics("never-made-by-anybody", timeout=10).topics["never-made-by-anybody"]
    assert told.error is not None


def test_the_registry_refuses_what_would_break_readers(registry_url: str) -> None:
    versions = f"subjects/test-{uuid4().hex}/versions"
    with httpx.Client(base_url=f"{registry_url}/", timeout=30) as client:
        assert client.get("config").json()["compatibilityLevel"] == "BACKWARD_TRANSITIVE"
        assert client.post(versions, json={"schema": ANY_RECORD % ""}).status_code == 200
        more = ANY_RECORD % '{"name": "more", "type": "int"}'
        assert client.post(versions, json={"schema": more}).status_code == 409


def test_postgresql_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SHOW server_version_num").fetchone()
    assert row is not None
    assert int(row[0]) >= 150_000


def test_redis_answers(redis_url: str) -> None:
    assert ask_redis(redis_url, "PING") == "+PONG"


def test_the_sidecar_keeps_a_value_in_redis_under_its_own_key_for_its_time(
    dapr_http: str, redis_url: str
) -> None:
    key = f"test:{uuid4().hex}"
    item = {"key": key, "value": {"kept": True}, "metadata": {"ttlInSeconds": "60"}}
    with httpx.Client(base_url=f"{dapr_http}/v1.0/state/statestore", timeout=10) as client:
        assert client.post("", json=[item]).status_code == 204
        assert client.get(f"/{key}").json() == {"kept": True}
        assert '{"kept":true}' in ask_redis(redis_url, "HGET", key, "data")
        assert 0 < int(ask_redis(redis_url, "TTL", key).removeprefix(":")) <= 60
        assert client.delete(f"/{key}").status_code == 204
        assert client.get(f"/{key}").status_code == 204


def test_the_sidecar_passes_on_what_is_published_to_kafka(dapr_http: str, kafka_servers: str) -> None:
    topic = f"test-{uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": kafka_servers})
    cast("Any", admin).create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    consumer = Consumer(
        {"bootstrap.servers": kafka_servers, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    try:
        told = httpx.post(f"{dapr_http}/v1.0/publish/pubsub/{topic}", json={"heard": True}, timeout=10)
        assert told.status_code == 204
        consumer.subscribe([topic])
        record = consumer.poll(20)
        assert record is not None
        assert json.loads(record.value() or b"")["data"] == {"heard": True}
    finally:
        consumer.close()
        cast("Any", admin).delete_topics([topic])[topic].result(20)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
@pytest.mark.usefixtures("kafka_servers", "registry_url", "postgres_url", "redis_url", "dapr_sidecar")
def test_they_listen_on_one_address_of_the_loopback() -> None:
    for name in look(SERVICES):
        known = read(name)
        for port in [] if known is None else known.ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), 5)


def test_processes_that_start_one_at_once_get_the_same_and_it_outlives_them(apart: Path) -> None:
    command = [sys.executable, "-c", START_REDIS, str(apart)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {one.communicate(timeout=60)[0].strip() for one in starters}
    assert len(told) == 1
    assert ask_redis(told.pop(), "PING") == "+PONG"


@pytest.mark.usefixtures("apart")
def test_a_redis_that_was_killed_comes_back_with_its_data() -> None:
    address = ensure("redis")
    assert ask_redis(address, "SET", "kept", "yes") == "+OK"
    kill("redis")
    assert ensure("redis") == address
    assert ask_redis(address, "GET", "kept").endswith("yes")


@pytest.mark.usefixtures("apart")
def test_a_postgresql_that_was_killed_comes_back_though_nobody_has_buried_it() -> None:
    address = ensure("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        kill("postgres")
        assert ensure("postgres") == address
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]


def test_compose_starts_the_same_servers_on_the_loopback_only() -> None:
    text = (places.ROOT / "compose.yaml").read_text("utf-8")
    services = text.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    wanted = SERVICES.keys() - FOR_TESTS
    assert set(re.findall(r"^  (\w+):$", services, re.MULTILINE)) == wanted
    ports = re.findall(r"ports: (.*)", text)
    assert len(ports) == len(wanted)
    one = r'"127\.0\.0\.1:\d+:\d+"'
    assert all(re.fullmatch(rf"\[{one}(, {one})*\]", those) for those in ports)


def test_the_sidecar_of_compose_has_the_same_components() -> None:
    text = (places.ROOT / "compose.yaml").read_text("utf-8").partition("\nconfigs:\n")[2]
    contents = [dedent(one) for one in re.findall(r"content: \|\n((?: {6}.*\n)+)", text)]
    assert contents == [state_store("redis://redis:6379/0"), pub_sub("kafka:29092")]
