"""The whole way of an event on real Kafka with a real registry: in, folded, out, archived, and its dead letters."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.engine.differences import differences
from mastery_engine.engine.work import Worker
from mastery_engine.ports import NewRecord
from tests.unit.engine.house import House, at, completion, question, quiz
from tools.installation import Installation, archive, document, fold, outputs, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
HEADERS = (
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("correlation_id", b"lesson-7"),
)


async def test_events_are_folded_as_in_memory_and_their_outputs_sent(installation: Installation) -> None:
    events = [quiz(n, n % 11, WHEN, student=f"s{n % 5}") for n in range(1, 60)]
    events += [completion(100 + n, n, WHEN, student=f"s{n}") for n in range(5)]
    house = House()
    house.clock.ms = at(WHEN)
    await house.send(*events)
    await house.work()
    async with installation.engine() as engine:
        await send(engine, [*events, *events[:20]])
        await fold(engine)
        for number in range(5):
            mine, live = await house.document(f"s{number}"), await document(engine, f"s{number}")
            assert list(differences(live.state, mine.state)) == []
        sent = await outputs(engine)
    updated = [fields for _, fields in sent if fields["event_type"] == "mastery.updated"]
    assert sorted(fields["caused_by"] for fields in updated) == sorted(one.event_id for one in events)
    assert len({fields["event_id"] for _, fields in sent}) == len(sent)
    assert {record.key for record, _ in sent} == {b"student:s%d" % number for number in range(5)}


async def test_the_trace_of_an_event_goes_out_with_its_outputs(installation: Installation) -> None:
    async with installation.engine() as engine:
        (value,) = await engine.adapters.codec.encode([quiz(1, when=WHEN)])
        await engine.adapters.log.append([NewRecord(b"student:ann", value, HEADERS)])
        await fold(engine)
        for record, fields in await outputs(engine):
            headers = dict(record.headers)
            assert {name: headers[name] for name, _ in HEADERS} == dict(HEADERS)
            assert headers["event_id"].decode() == fields["event_id"]


async def test_what_cannot_count_becomes_a_dead_letter_with_its_bytes_and_blocks_nobody(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        (good, other) = await engine.adapters.codec.encode([quiz(1, when=WHEN), quiz(1, 9, WHEN)])
        bad = {
            "bad_framing": b"\x01\0\0\0\x01",
            "unknown_schema": b"\0\x7f\xff\xff\xff\0",
            "truncated": good[:-3],
            "not_json": b"{broken",
            "rule": encode_event(quiz(7, when="2020-01-01T10:00:00")),
            "event_id_reused": other,
        }
        await engine.adapters.log.append([NewRecord(b"student:ann", one) for one in (good, *bad.values())])
        await send(engine, [quiz(2, when=WHEN)])
        await fold(engine)
        assert (
            sum(course.now.events for course in (await document(engine, "ann")).state.courses.values()) == 2
        )
        assert await engine.adapters.dead_letters.find() == []
        await archive(engine)
        letters = await engine.adapters.dead_letters.find()
        assert {one.reason: one.payload for one in letters} == bad
        assert {one.topic for one in letters} == {installation.names.requests}
        archived = await engine.adapters.archive.of_student("default", "ann")
        assert [one.event_id for one in archived] == [quiz(1).event_id, quiz(2).event_id]


async def test_a_mended_letter_counts_and_the_same_again_changes_nothing(installation: Installation) -> None:
    async with installation.engine() as engine:
        await send(engine, [b'{"event_type": "quiz.performance.submitted"}'])
        await fold(engine)
        await archive(engine)
        (letter,) = await engine.adapters.dead_letters.find()
        from mastery_engine.cli.session import operator  # noqa: PLC0415 - who sits at this machine

        caller = operator("default")
        await engine.letters.fix(caller, letter.letter_id, encode_event(quiz(1, when=WHEN)))
        told = await engine.letters.reprocess(caller, letter.letter_id)
        assert told.outcome == "sent"
        await send(engine, [quiz(1, when=WHEN)])
        await fold(engine)
        live = await document(engine, "ann")
        assert sum(course.now.events for course in live.state.courses.values()) == 1


async def test_offsets_set_back_to_the_start_change_nothing(installation: Installation) -> None:
    async with installation.engine() as engine:
        await send(engine, [quiz(number, when=WHEN) for number in range(1, 20)])
        await fold(engine)
        before = await document(engine, "ann")
        outside = Consumer({"bootstrap.servers": installation.servers, "group.id": engine.group})
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - as kafka-consumer-groups does

        ends = await engine.adapters.log.ends()
        outside.commit(
            offsets=[TopicPartition(installation.names.requests, number, 0) for number in ends],
            asynchronous=False,
        )
        outside.close()
        await fold(engine)
        after = await document(engine, "ann")
        assert list(differences(after.state, before.state)) == []


async def test_a_replay_from_the_archive_agrees(installation: Installation) -> None:
    async with installation.engine() as engine:
        await send(engine, [quiz(n, when=WHEN, student=f"s{n % 3}") for n in range(1, 40)])
        await fold(engine)
        await archive(engine)
        tenant = await engine.tenants.get("default")
        report = await engine.replay.run(tenant, "run", switch=False)
        assert (report.students, report.equal, report.events) == (3, 3, 39)


async def test_requests_for_a_calculation_are_answered(installation: Installation) -> None:
    async with installation.engine() as engine:
        await send(engine, [msgspec.structs.replace(question(1), timestamp=at(WHEN))])
        await fold(engine)
        ((_, fields),) = await outputs(engine)
        assert (fields["event_type"], fields["correlation_id"]) == ("mastery.calculated", "c-1")


async def test_the_program_works_on_it_from_end_to_end(installation: Installation) -> None:
    worker, archiver = installation.start("worker"), installation.start("archiver")
    try:
        told = run(installation, "simulate", "-n", "8", "--days", "20", "--json")
        assert told["acknowledged"]
        async with installation.engine() as engine:
            await fold_by_others(engine)
            prefix = keys.learner("simulated", "")
            found = [key async for batch in engine.adapters.store.scan(prefix) for key in batch]
            assert len([key for key in found if keys.student_of_document(key, prefix)]) == 8
    finally:
        for process in (worker, archiver):
            process.terminate()
            _, words = process.communicate(timeout=30)
            assert process.returncode == 0, words


async def fold_by_others(engine: Any) -> None:
    from tests.integration.kafka_house import until  # noqa: PLC0415 - only here

    ends, consumer = await engine.adapters.log.ends(), engine.adapters.log.consumer(engine.group)

    async def done() -> bool:
        committed = await consumer.committed()
        return all(committed.get(partition, 0) >= end for partition, end in ends.items())

    await until(done)
    await consumer.close()


async def for_ever(worker: Worker) -> None:
    while True:
        await worker.drain()


def run(installation: Installation, *command: str) -> dict[str, Any]:
    with installation.start(*command) as process:
        out, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    return json.loads(out)


def refused(installation: Installation, *command: str) -> tuple[int, str]:
    with installation.start(*command) as process:
        _, words = process.communicate(timeout=30)
    return process.returncode, words.decode()


async def test_a_missing_topic_ends_a_worker_with_what_to_do(
    kafka_servers: str, registry_url: str, tmp_path: Path
) -> None:
    code, words = refused(Installation(kafka_servers, registry_url, tmp_path), "worker")
    assert code == 1
    assert "make it with mastery topics apply" in words


async def test_too_few_partitions_end_a_worker_with_what_to_do(installation: Installation) -> None:
    installation.variables["MASTERY_KAFKA_PARTITIONS"] = "9"
    code, words = refused(installation, "worker")
    assert code == 1
    assert "has 6 partitions and MASTERY_KAFKA_PARTITIONS wants 9" in words


async def test_a_wrong_address_ends_a_worker_in_time_as_a_dependency_that_is_down(tmp_path: Path) -> None:
    code, words = refused(Installation("127.0.0.1:9", "http://127.0.0.1:9", tmp_path), "worker")
    assert code == 75
    assert "127.0.0.1:9" in words


async def test_a_log_on_kafka_needs_a_registry(kafka_servers: str, tmp_path: Path) -> None:
    installation = Installation(kafka_servers, "", tmp_path)
    with pytest.raises(ConfigurationError, match="MASTERY_REGISTRY_URL"):
        async with installation.engine():
            pass


async def test_a_registry_that_is_down_holds_the_events_back_and_sends_nothing_to_the_dead_letters(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        await send(engine, [quiz(1, when=WHEN)])
    async with installation.engine(registry_url="http://127.0.0.1:9") as engine, engine.worker() as worker:
        with pytest.raises(DependencyDown, match="registry"):
            await for_ever(worker)
        assert set((await engine.adapters.apart.letter_log.ends()).values()) == {0}  # type: ignore[union-attr]
    async with installation.engine() as engine:
        await fold(engine)
        assert (await document(engine, "ann")).state.newest > 0
