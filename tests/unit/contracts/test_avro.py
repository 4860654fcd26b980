"""Events as Avro by Confluent's framing: what is read is what was written, and broken bytes say why."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mastery_engine.contracts.avro import RecordReader, RecordWriter, schema_of
from mastery_engine.contracts.avro_events import EventReader
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.event_json import decode_event, encode_event
from mastery_engine.contracts.outputs import OUTPUT_CLASSES
from mastery_engine.contracts.schema_files import avro_schema
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import EVENT_CLASSES, Event, LearningEvent
from tests.unit.contracts.plain import plain
from tests.unit.engine.house import completion, question, quiz, visit

EVENTS: list[Event] = [
    quiz(1),
    completion(2, 5),
    visit(3, "2024-03-08T10:00:00", "2024-03-07", "2024-03-08"),
    question(4),
    msgspec.structs.replace(quiz(5), metadata={"größe": "7"}, activity=False, topic_id="t", course_id=None),
]
NAMES = ["quiz", "completion", "visit", "question", "with_everything_optional"]
EVERY = st.sampled_from(EVENTS)


def written(event: Event, schema_id: int = 7) -> bytes:
    return RecordWriter(type(event), schema_id).write(event)


def read(event: Event, value: bytes) -> LearningEvent | InvalidInput:
    return EventReader(7, avro_schema(type(event))).read(value)


def by_hand(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> bytes:
    """As another maker's program writes it."""
    stream = io.BytesIO()
    stream.write(struct.pack(">bI", 0, 7))
    fastavro.schemaless_writer(stream, fastavro.parse_schema(dict(schema)), dict(fields))
    return stream.getvalue()


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_what_was_written_is_read(event: Event) -> None:
    value = written(event)
    assert value[:5] == b"\0\0\0\0\x07"
    assert read(event, value) == event


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_avro_and_json_say_the_same(event: Event) -> None:
    assert read(event, written(event)) == decode_event(encode_event(event))


@given(st.builds(quiz, st.integers(1, 10**9), st.integers(0, 10)))
def test_any_quiz_comes_back(event: Event) -> None:
    assert read(event, written(event)) == event


def test_another_makers_program_is_read() -> None:
    event = quiz(1)
    fields = {
        "event_id": event.event_id.upper(),
        "timestamp": event.timestamp,
        "student_id": "ann",
        "source": "test",
        "course_id": "A",
        "quiz_id": "q",
        "total_questions": 10,
        "correct_answers": 5,
        "time_spent": 60.0,
    }
    assert read(event, by_hand(avro_schema(type(event)), fields)) == event


@given(EVERY, st.integers(0, 400))
def test_a_value_that_ends_too_early_is_refused(event: Event, length: int) -> None:
    value = written(event)
    cut = value[: 5 + length % (len(value) - 5)]
    found = read(event, cut)
    assert isinstance(found, InvalidInput)


def test_a_rest_behind_the_record_is_refused() -> None:
    found = read(quiz(1), written(quiz(1)) + b"\0")
    assert isinstance(found, InvalidInput)
    assert (found.reason, found.message) == ("truncated", "1 bytes: are left behind the record")


@given(EVERY, st.binary(min_size=1, max_size=80), st.integers(0, 200))
@example(quiz(1), b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 0)
@example(EVENTS[2], b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", 90)
def test_broken_bytes_are_an_event_or_a_refusal_and_nothing_else(
    event: Event, noise: bytes, place: int
) -> None:
    value = bytearray(written(event))
    place = 5 + place % (len(value) - 5)
    value[place : place + len(noise)] = noise
    found = read(event, bytes(value))
    assert isinstance(found, InvalidInput | Event)


def test_fields_that_break_a_rule_are_named() -> None:
    schema = avro_schema(type(quiz(1)))
    found = read(quiz(1), by_hand(schema, plain(quiz(1)) | {"total_questions": 0, "student_id": "a b"}))
    assert isinstance(found, InvalidInput)
    assert {one.field for one in found.problems} == {"total_questions", "student_id"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_none_is_refused(number: float) -> None:
    schema = avro_schema(type(quiz(1)))
    found = read(quiz(1), by_hand(schema, plain(quiz(1)) | {"confidence_score": number}))
    assert isinstance(found, InvalidInput)


def test_an_unknown_schema_is_told() -> None:
    found = EventReader(9, None).read(b"\0\0\0\0\x09")
    assert isinstance(found, InvalidInput)
    assert (found.reason, found.problems[0].value) == ("unknown_schema", "9")


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        (
            {"type": "record", "name": "Other", "namespace": "a.b", "fields": []},
            "a.b.Other, which is no event",
        ),
        ({"type": "string"}, "which is no event"),
        (
            {
                **avro_schema(type(quiz(1))),
                "fields": [
                    {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-micros"}}
                ],
            },
            "must be timestamp-millis",
        ),
        ({**avro_schema(type(quiz(1))), "fields": [{"name": "x", "type": "nothing"}]}, "is no schema"),
    ],
)
def test_a_schema_of_no_use_is_told_with_the_reason(schema: dict[str, Any], word: str) -> None:
    found = EventReader(9, schema).read(b"\0\0\0\0\x09\0")
    assert isinstance(found, InvalidInput)
    assert found.reason == "unknown_schema"
    assert word in found.message


def without(schema: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**schema, "fields": [one for one in schema["fields"] if one["name"] not in names]}


def test_an_older_writer_that_did_not_know_optional_fields_is_read() -> None:
    event = quiz(1)
    older = without(
        avro_schema(type(event)), "confidence_score", "activity", "corrects", "metadata", "tenant_id"
    )
    value = by_hand(older, plain(event))
    assert EventReader(7, older).read(value) == event


def test_a_newer_writer_with_more_fields_is_read() -> None:
    event = quiz(1)
    schema = avro_schema(type(event))
    newer = {**schema, "fields": [*schema["fields"], {"name": "mood", "type": "string", "default": ""}]}
    assert EventReader(7, newer).read(by_hand(newer, plain(event) | {"mood": "good"})) == event


def test_a_writer_of_narrower_numbers_is_read() -> None:
    event = quiz(1)
    narrower = json.loads(json.dumps(avro_schema(type(event))))
    for field in narrower["fields"]:
        if field["name"] in {"total_questions", "correct_answers"}:
            field["type"] = "int"
        if field["name"] == "time_spent":
            field["type"] = "float"
    assert EventReader(7, narrower).read(by_hand(narrower, plain(event))) == event


def test_a_writer_without_a_required_field_is_refused() -> None:
    older = without(avro_schema(type(quiz(1))), "quiz_id")
    found = EventReader(7, older).read(by_hand(older, plain(quiz(1))))
    assert isinstance(found, InvalidInput)
    assert found.reason == "unknown_schema"


def test_a_dead_letter_comes_back_with_its_bytes() -> None:
    letter = DeadLetter(
        letter_id="l",
        topic="t",
        topic_id="i",
        partition=1,
        offset=2,
        key=b"\xff",
        headers=(),
        payload=b"\0\xff",
        kind="validation",
        reason="bad_framing",
        message="m",
        attempts=1,
        failed_at_ms=3,
    )
    value = RecordWriter(DeadLetter, 7).write(letter)
    assert RecordReader(DeadLetter, 7, avro_schema(DeadLetter)).read(value) == letter


@pytest.mark.parametrize("cls", [*EVENT_CLASSES, *OUTPUT_CLASSES, DeadLetter], ids=lambda one: one.__name__)
def test_every_schema_is_one_that_other_programs_can_parse(cls: type[msgspec.Struct]) -> None:
    fastavro.parse_schema(avro_schema(cls))
    fastavro.parse_schema(schema_of(cls))
