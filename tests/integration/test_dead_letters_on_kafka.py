"""Dead letters on real Kafka: made by workers, filed by the archiver, worked on by the program's commands."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from confluent_kafka import Producer

from mastery_engine.contracts.avro import MAGIC
from mastery_engine.contracts.event_json import decode_event, encode_event
from mastery_engine.contracts.tracing import CORRELATION_ID
from mastery_engine.engine.differences import differences
from mastery_engine.engine.ingest import record_of
from mastery_engine.ports import DeadLetter, NewRecord
from tests.faults.meddling import poison
from tests.unit.engine.house import at, quiz
from tools.installation import Installation, archive, document, fold, outputs, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")


def mastery(installation: Installation, *command: str, code: int = 0) -> Any:
    """What a command of the program answers, as a process of its own."""
    with installation.start(*command, "--json") as process:
        out, words = process.communicate(timeout=60)
    assert process.returncode == code, words
    return json.loads(out)


async def test_a_record_too_large_for_a_letter_is_cut_and_blocks_nobody(installation: Installation) -> None:
    largest = b"{" + b"x" * ((4 << 20) - 200)
    huge = b"{" + b"y" * (30 << 20)
    squeezed = squeezing(installation)
    for value in (largest, huge):
        squeezed.produce(installation.names.requests, key=b"student:noise", value=value)
    assert squeezed.flush(30) == 0
    whole, cut = await filed_beside_a_good_event(installation)
    assert whole.payload == largest
    assert cut.payload == huge[: 8 << 20]
    assert "cut: the record of 31,457,294 bytes lies whole at" in cut.message


async def test_a_record_whose_key_or_headers_are_too_large_blocks_nobody_either(
    installation: Installation,
) -> None:
    squeezed, topic = squeezing(installation), installation.names.requests
    squeezed.produce(topic, key=b"k" * (20 << 20), value=b"noise")
    headers: list[tuple[str, str | bytes | None]] = [("h", b"h" * (8 << 20)), ("", b"")]
    squeezed.produce(topic, key=b"?", value=b"n" * (8 << 20), headers=headers)
    squeezed.produce(topic, key=b"?", value=msgspec.json.encode({"student_id": "s" * (17 << 20)}))
    assert squeezed.flush(30) == 0
    one, other, third = await filed_beside_a_good_event(installation)
    assert (one.payload, one.key) == (b"noise", b"k" * (1 << 20))
    assert (len(other.payload), len(third.payload)) == (8 << 20, 8 << 20)
    assert [letter.headers for letter in (other, third)] == [(), ()]
    assert third.student_id is None


async def test_a_record_that_the_client_cannot_unpack_becomes_a_letter_that_says_so(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        await send(engine, [quiz(2, when=WHEN)])
    squeezed, topic = squeezing(installation, compression="zstd"), installation.names.requests
    # More than the client takes in one answer (100 MB), from a few kilobytes on the wire.
    squeezed.produce(topic, key=b"student:ann", value=b"{" + b"x" * 101_000_000)
    assert squeezed.flush(60) == 0
    async with installation.engine() as engine:
        await send(engine, [quiz(1, when=WHEN)])
        await fold(engine)
        await archive(engine)
        assert (await document(engine, "ann")).state.events == 2
        (letter,) = await engine.adapters.dead_letters.find()
    assert (letter.kind, letter.offset) == ("validation", 1)
    assert letter.payload.startswith(b"unreadable: Decompression")


async def test_records_that_are_packed_with_one_that_cannot_be_unpacked_are_passed_over_with_it(
    installation: Installation,
) -> None:
    squeezed, topic = squeezing(installation, compression="zstd"), installation.names.requests
    for value in (b"{}", b"{" + b"x" * 101_000_000, b"{}"):
        squeezed.produce(topic, key=b"student:ann", value=value)
    assert squeezed.flush(60) == 0
    async with installation.engine() as engine:
        await send(engine, [quiz(1, when=WHEN)])
        await fold(engine)
        await archive(engine)
        assert (await document(engine, "ann")).state.events == 1
        letters = await engine.adapters.dead_letters.find()
    assert sorted(letter.offset for letter in letters) == [0, 1, 2]
    assert all(letter.payload.startswith(b"unreadable: Decompression") for letter in letters)


def squeezing(installation: Installation, compression: str = "gzip") -> Producer:
    """A sender whose records are small on the wire only."""
    return Producer(
        {
            "bootstrap.servers": installation.servers,
            "message.max.bytes": 128 << 20,
            "compression.type": compression,
            "partitioner": "murmur2_random",
            "batch.size": 128 << 20,
            # Until all are there: whoever flushes does not wait for it.
            "linger.ms": 60_000,
        }
    )


async def filed_beside_a_good_event(installation: Installation) -> list[DeadLetter]:
    """The letters by size of their payload, of what lies in the log; an event that comes after it counts."""
    async with installation.engine() as engine:
        await send(engine, [quiz(1, when=WHEN)])
        await fold(engine)
        await archive(engine)
        assert (await document(engine, "ann")).state.events == 1
        return sorted(await engine.adapters.dead_letters.find(), key=lambda one: len(one.payload))


async def test_letters_are_listed_shown_mended_sent_again_and_discarded_by_commands(
    installation: Installation,
) -> None:
    old = quiz(1, when="2020-01-01T10:00:00")
    async with installation.engine() as engine:
        (value,) = await engine.adapters.codec.encode([old])
        await engine.adapters.log.append(
            [NewRecord(b"student:ann", value, ((CORRELATION_ID, b"lesson-7"),)), NewRecord(b"?", b"noise")]
        )
        await fold(engine)
        await archive(engine)
    letters = {one["reason"]: one["letter_id"] for one in mastery(installation, "dlq", "list")}
    assert set(letters) == {"rule", "bad_framing"}
    shown = mastery(installation, "dlq", "show", letters["rule"])
    assert shown["kind"] == "validation"
    assert decode_event(shown["event"].encode()) == old
    assert shown["key"] == "student:ann"
    assert b64decode(shown["payload_base64"]).startswith(MAGIC)
    mended = mastery(installation, "dlq", "fix", letters["rule"], "--set", f"timestamp={at(WHEN)}")
    assert json.loads(mended["payload"])["timestamp"] == at(WHEN)
    (sent,) = mastery(installation, "dlq", "reprocess", letters["rule"])
    assert sent["outcome"] == "sent"
    ended = mastery(installation, "dlq", "discard", letters["bad_framing"], "--reason", "noise")
    assert ended["status"] == "discarded"
    async with installation.engine() as engine:
        await fold(engine)
        assert (await document(engine, "ann")).state.events == 1
        ((record, _), *_) = await outputs(engine)
        assert dict(record.headers)[CORRELATION_ID] == b"lesson-7"
    assert mastery(installation, "dlq", "list") == []


async def test_many_letters_are_looked_at_first_and_then_sent_at_a_rate(installation: Installation) -> None:
    events = [msgspec.structs.replace(quiz(number, when=WHEN), tenant_id="north") for number in range(1, 6)]
    async with installation.engine() as engine:
        await send(engine, events)
        await fold(engine)
        await archive(engine)
        before = await engine.adapters.log.ends()
        mastery(installation, "tenant", "create", "north")
        every = ("dlq", "reprocess", "--all", "--tenant", "north", "--rate", "200")
        told = mastery(installation, *every, "--dry-run")
        assert [one["outcome"] for one in told] == ["dry_run"] * 5
        assert await engine.adapters.log.ends() == before
        assert [one["outcome"] for one in mastery(installation, *every)] == ["sent"] * 5
    async with installation.engine() as engine:
        await fold(engine)
        assert (await document(engine, "ann", "north")).state.events == 5
    assert mastery(installation, *every) == []


async def test_sending_an_event_again_that_was_folded_meanwhile_changes_nothing(
    installation: Installation,
) -> None:
    north = msgspec.structs.replace(quiz(2, when=WHEN), tenant_id="north")
    async with installation.engine() as engine:
        await send(engine, [quiz(1, when=WHEN), north])
        with poison(1):
            await fold(engine)
        await archive(engine)
    mastery(installation, "tenant", "create", "north")
    letters = {one["reason"]: one["letter_id"] for one in mastery(installation, "dlq", "list")}
    async with installation.engine() as engine:
        # The agent is faster than the operator.
        await send(engine, [quiz(1, when=WHEN), north])
        await fold(engine)
        before = [await document(engine, "ann"), await document(engine, "ann", "north")]
        told = len(await outputs(engine))
        ends = await engine.adapters.log.ends()
        (settled,) = mastery(installation, "dlq", "reprocess", letters["given_up"])
        assert settled["outcome"] == "settled"
        assert await engine.adapters.log.ends() == ends
        (sent,) = mastery(installation, "dlq", "reprocess", letters["unknown_tenant"])
        assert sent["outcome"] == "sent"
        await fold(engine)
        after = [await document(engine, "ann"), await document(engine, "ann", "north")]
        for one, other in zip(after, before, strict=True):
            assert list(differences(one.state, other.state)) == []
        assert [one.state.events for one in after] == [1, 1]
        assert len(await outputs(engine)) == told
        await archive(engine)
        assert await engine.adapters.dead_letters.find(status="open") == []


async def test_what_we_send_tells_in_its_headers_what_it_is_and_readers_do_not_need_them(
    installation: Installation,
) -> None:
    false = record_of(quiz(2, when=WHEN), encode_event(quiz(3, when=WHEN)))
    async with installation.engine() as engine:
        (receipt,) = await engine.ingest.take_events([quiz(1, when=WHEN)])
        assert receipt.position is not None
        (record,) = await engine.adapters.log.read(receipt.position.partition, receipt.position.offset, 1)
        assert dict(record.headers) == {
            "event_type": b"quiz.performance.submitted",
            "event_id": quiz(1).event_id.encode(),
        }
        await engine.adapters.log.append([false])
        await fold(engine)
        await archive(engine)
        assert (await document(engine, "ann")).state.events == 2
        archived = await engine.adapters.archive.of_student("default", "ann")
        assert {one.event_id for one in archived} == {quiz(1).event_id, quiz(3).event_id}
