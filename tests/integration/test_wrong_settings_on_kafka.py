"""Settings that do not fit the servers: told within seconds, with what was found and what to do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from mastery_engine.bootstrap.topics import apply_topics
from mastery_engine.contracts.event_json import encode_event
from tests.unit.engine.house import quiz
from tools.installation import Installation

PASSWORD = "hush-hush"  # of nobody
LOOK = "look at MASTERY_LOG_URL and MASTERY_KAFKA_SECURITY_PROTOCOL"
WITHIN_SECONDS = 30.0
"""Ten, and room for a busy machine; the client by itself would try for minutes."""


@pytest.fixture
def installation(kafka_servers: str, registry_url: str, tmp_path: Path) -> Installation:
    """Without topics and schemas."""
    return Installation(kafka_servers, registry_url, tmp_path)


def refused(installation: Installation, *command: str, **variables: str) -> tuple[int, str]:
    installation.variables |= variables
    began = monotonic()
    with installation.start(*command) as process:
        out, words = process.communicate(timeout=60)
    assert monotonic() < began + WITHIN_SECONDS
    told = (out + words).decode()
    assert PASSWORD not in told
    assert "Traceback" not in told
    return process.returncode, told


@pytest.mark.parametrize(
    ("variables", "found", "code"),
    [
        ({"MASTERY_LOG_URL": "kafka://127.0.0.1:1"}, "Connection refused", 75),
        ({"MASTERY_LOG_URL": "kafka://kafka.invalid:9092"}, "Failed to resolve 'kafka.invalid:9092'", 75),
        ({"MASTERY_KAFKA_SECURITY_PROTOCOL": "ssl"}, "connecting to a PLAINTEXT broker listener?", 75),
        (
            {
                "MASTERY_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext",
                "MASTERY_KAFKA_SASL_USERNAME": "ada",
                "MASTERY_KAFKA_SASL_PASSWORD": PASSWORD,
            },
            "mechanism handshake failed",
            1,
        ),
    ],
)
def test_a_broker_that_cannot_be_spoken_to_so_is_told_with_the_cause(
    installation: Installation, variables: dict[str, str], found: str, code: int
) -> None:
    ended, words = refused(installation, "worker", **variables)
    assert (ended, found in words) == (code, True), words
    assert "MASTERY_KAFKA_SECURITY_PROTOCOL" in words
    assert code == 1 or LOOK in words


def test_more_replicas_than_brokers_are_no_dependency_that_is_down(installation: Installation) -> None:
    code, words = refused(installation, "topics", "apply", MASTERY_KAFKA_REPLICATION="9")
    assert code == 1
    assert "look at MASTERY_KAFKA_REPLICATION" in words


def test_events_are_not_sent_for_a_topic_that_is_missing(installation: Installation, tmp_path: Path) -> None:
    line = tmp_path / "events.jsonl"
    line.write_bytes(encode_event(quiz(1, when=datetime.now(UTC).strftime("%Y-%m-%dT00:00:00"))))
    code, words = refused(installation, "ingest", str(line))
    assert code == 1
    assert "make it with mastery topics apply" in words


async def test_a_worker_does_not_begin_where_its_outputs_have_no_schema(installation: Installation) -> None:
    await apply_topics(installation.settings, grow=False)
    code, words = refused(installation, "worker")
    await installation.remove()
    assert code == 1
    assert "register it with: mastery schemas register" in words


async def test_the_doctor_looks_at_topics_and_schemas(installation: Installation) -> None:
    def checks() -> dict[str, tuple[str, str]]:
        _, told = refused(installation, "doctor", "--json")
        return {one["name"]: (one["outcome"], one["message"]) for one in json.loads(told)["checks"]}

    missing = checks()
    assert missing["topics"][0] == "failed", missing
    await apply_topics(installation.settings, grow=False)
    found = checks()
    assert found["topics"] == ("ok", "are there, and as they must be")
    assert found["schemas"][0] == "failed"
    assert "is not registered (10 in all); see: mastery schemas check" in found["schemas"][1]
    await installation.prepare()
    assert checks()["schemas"] == ("ok", "are registered")
    await installation.remove()
