"""Events as JSON: what is read, how it is mended, and how every problem is named."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.contracts.event_json import (
    MAX_EVENT_BYTES,
    decode_event,
    encode_event,
    event_from,
    event_type,
    identity,
)
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import Event, QuizPerformanceSubmitted
from tests.properties.strategies import events
from tests.unit.engine.house import event_id, quiz

QUIZ = json.loads(encode_event(quiz(1)))


def raw(**changes: Any) -> bytes:
    return json.dumps({**QUIZ, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in QUIZ.items() if key != name}).encode()


@given(events())
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert decode_event(encode_event(event)) == event
    assert encode_event(decode_event(encode_event(event))) == encode_event(event)


@pytest.mark.parametrize(
    "timestamp",
    [
        QUIZ["timestamp"],
        "2024-03-08T10:00:00Z",
        "2024-03-08T10:00:00.000999+00:00",
        "2024-03-08T11:00:00+01:00",
        "20240308T100000Z",
    ],
)
def test_times_are_milliseconds_or_iso_with_an_offset_and_finer_ones_are_cut(timestamp: object) -> None:
    assert decode_event(raw(timestamp=timestamp)) == quiz(1)


def test_a_time_before_1970_is_cut_downwards_and_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_event(raw(timestamp="1969-12-31T23:59:59.9999Z"))
    assert refused.value.problems[0].value == "-1"


def test_ids_are_read_in_lower_case() -> None:
    other = raw(event_id=event_id(0xABC).upper())
    assert decode_event(other).event_id == event_id(0xABC)


def test_unknown_fields_are_ignored() -> None:
    assert decode_event(raw(colour="blue")) == quiz(1)


@pytest.mark.parametrize(
    ("changes", "field", "value", "rule"),
    [
        ({"timestamp": "yesterday"}, "timestamp", "yesterday", "must be ISO 8601 with an offset"),
        (
            {"timestamp": "2024-03-08T10:00:00"},
            "timestamp",
            "2024-03-08T10:00:00",
            "must be ISO 8601 with an offset",
        ),
        ({"event_id": "7"}, "event_id", "7", "must be a UUID such as"),
        ({"student_id": "a b"}, "student_id", "a b", "must be 1 to 50 of A-Z a-z 0-9 _ and -"),
        ({"total_questions": 0}, "total_questions", "0", "must be >= 1"),
        ({"total_questions": 3.5}, "total_questions", "3.5", "must be an integer"),
        ({"confidence_score": 1.5}, "confidence_score", "1.5", "must be <= 1"),
        ({"metadata": {"k": 7}}, "metadata.k", "7", "text"),
        ({"activity": "yes"}, "activity", "yes", "must be true or false"),
        ({"source": "x" * 200}, "source", "x" * 100 + "…", "at most 100 characters; it has 200"),
        ({"course_id": ""}, "course_id", "", "must be 1 to 100 of"),
    ],
)
def test_a_problem_names_field_value_and_rule(
    changes: dict[str, Any], field: str, value: str, rule: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_event(raw(**changes))
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == (field, value)
    assert rule in problem.rule


def test_every_problem_is_named_at_once() -> None:
    fields = {key: value for key, value in QUIZ.items() if key != "student_id"}
    with pytest.raises(InvalidInput) as refused:
        event_from({**fields, "total_questions": -1, "source": ""})
    named = {problem.field for problem in refused.value.problems}
    assert named == {"student_id", "total_questions", "source"}
    assert "is required in quiz.performance.submitted" in refused.value.message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"[" * 100_000, "not_json"),
        (without("event_type"), "unknown_type"),
        (raw(event_type="quiz.started"), "unknown_type"),
        (raw(event_type=7), "unknown_type"),
        (b" " * (MAX_EVENT_BYTES + 1), "too_large"),
        (raw(total_questions="NaN").replace(b'"NaN"', b"NaN"), "not_json"),
    ],
)
def test_what_is_no_event_says_why(value: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_event(value)
    assert refused.value.reason == reason


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(QUIZ)), inner, max_size=9)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_whatever_raise_anything_else(value: bytes) -> None:
    identity(value)
    with suppress(InvalidInput):
        assert decode_event(value).event_id


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (raw(), ("default", "ann", event_id(1))),
        (raw(tenant_id="s1", total_questions=-1), ("s1", "ann", event_id(1))),
        (raw(tenant_id=7, student_id=None), (None, None, event_id(1))),
        (raw(event_id=event_id(0xAB).upper()), ("default", "ann", event_id(0xAB))),
        (raw(student_id="x" * 101, event_id="y" * 5_000), ("default", None, None)),
        (raw(source="x" * (2 << 20)), ("default", "ann", event_id(1))),
        (raw(source="x" * (4 << 20)), (None, None, None)),
        (b"{", (None, None, None)),
        (b"[]", (None, None, None)),
        (b"\xff", (None, None, None)),
    ],
)
def test_what_can_be_told_of_a_broken_record_is_told(value: bytes, known: tuple[str | None, ...]) -> None:
    assert identity(value) == known


def test_a_type_is_told_as_on_the_wire() -> None:
    assert event_type(quiz(1)) == "quiz.performance.submitted"
    assert isinstance(event_from(QUIZ), QuizPerformanceSubmitted)
