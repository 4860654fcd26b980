"""Refused events are told in words: field, value and rule, for every constrained type."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from mastery_engine.contracts.event_json import decode_event, event_from
from mastery_engine.contracts.event_words import MOST_IN_A_FIELD, field_problems
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import EVENT_CLASSES

COMMON: dict[str, Any] = {
    "event_id": "0189c6b2-6d5e-7c3a-9f01-2b3c4d5e6f70",
    "timestamp": 1_700_000_000_000,
    "student_id": "ada-01",
    "source": "test",
}
OWN: dict[str, dict[str, Any]] = {
    "exercise.completion.submitted": {
        "exercise_id": "e1",
        "total_exercises": 10,
        "completed_exercises": 5,
        "difficulty": "beginner",
        "time_taken": 60.0,
    },
    "quiz.performance.submitted": {
        "quiz_id": "q1",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 60.0,
    },
    "quality.assessment.completed": {
        "submission_id": "s1",
        "code_quality_score": 0.5,
        "correctness_score": 0.5,
        "efficiency_score": 0.5,
    },
    "consistency.activity.recorded": {"activity_dates": ["2026-01-31"]},
    "mastery.calculation.requested": {},
}
EXERCISE, QUIZ, QUALITY, CONSISTENCY, REQUEST = OWN


def refused(kind: str, **changes: object) -> tuple[Problem, ...]:
    event = {"event_type": kind, **COMMON, **OWN[kind], **changes}
    with pytest.raises(InvalidInput) as caught:
        decode_event(json.dumps(event).encode())
    return caught.value.problems


@pytest.mark.parametrize(
    ("kind", "name", "value", "rule"),
    [
        (QUIZ, "event_id", "42", "must be a UUID such as 0189c6b2-6d5e-7c3a-9f01-2b3c4d5e6f70"),
        (QUIZ, "corrects", "42", "must be a UUID such as 0189c6b2-6d5e-7c3a-9f01-2b3c4d5e6f70"),
        (QUIZ, "student_id", "ada lovelace", "must be 1 to 50 of A-Z a-z 0-9 _ and -"),
        (QUIZ, "student_id", 7, "must be text, not an integer"),
        (QUIZ, "student_id", None, "must be text, not null"),
        (
            QUIZ,
            "tenant_id",
            "North",
            "must be 1 to 50 of a-z 0-9 _ and -, the first one a letter or a digit",
        ),
        (QUIZ, "course_id", "a b", "must be 1 to 100 of A-Z a-z 0-9 . _ : and -"),
        (QUIZ, "quiz_id", "", "must be 1 to 100 of A-Z a-z 0-9 . _ : and -"),
        (QUIZ, "source", "", "must not be empty"),
        (QUIZ, "source", "x" * 101, "must have at most 100 characters; it has 101"),
        (QUIZ, "activity", 1, "must be true or false, not an integer"),
        (QUIZ, "total_questions", 0, "must be >= 1"),
        (QUIZ, "total_questions", "10", "must be an integer, not text"),
        (QUIZ, "total_questions", 3.0, "must be an integer, not a number with a decimal point"),
        (QUIZ, "total_questions", True, "must be an integer, not true or false"),
        (QUIZ, "correct_answers", -1, "must be >= 0"),
        (QUIZ, "correct_answers", 1_000_001, "must be <= 1000000"),
        (QUIZ, "time_spent", "1 h", "must be a number, not text"),
        (QUIZ, "time_spent", 1e10, "must be <= 1000000000"),
        (QUIZ, "confidence_score", 1.5, "must be <= 1"),
        (QUALITY, "peer_review_score", [1], "must be a number, not a list"),
        (EXERCISE, "difficulty", "hard", "must be one of beginner, intermediate, advanced"),
        (EXERCISE, "difficulty", 3, "must be one of beginner, intermediate, advanced"),
        (CONSISTENCY, "max_streak", 3_661, "must be <= 3660"),
        (CONSISTENCY, "activity_dates", "2026-01-31", "must be a list, not text"),
        (CONSISTENCY, "activity_dates", ["2026-01-31"] * 367, "must have at most 366 items; it has 367"),
        (QUIZ, "metadata", "x", "must be an object, not text"),
        (
            QUIZ,
            "metadata",
            {str(key): "" for key in range(21)},
            "must have at most 20 entries; it has 21",
        ),
        (REQUEST, "components", [1], "must be an object, not a list"),
        (REQUEST, "correlation_id", "", "must not be empty"),
        (
            QUIZ,
            "timestamp",
            "yesterday",
            "must be ISO 8601 with an offset (2026-01-31T12:00:00Z), or integer milliseconds",
        ),
        (QUIZ, "timestamp", -1, "must be >= 0"),
        (QUIZ, "timestamp", 1.5, "must be an integer, not a number with a decimal point"),
    ],
)
def test_a_broken_rule_is_told_in_words_with_its_numbers(
    kind: str, name: str, value: object, rule: str
) -> None:
    (problem,) = refused(kind, **{name: value})
    assert (problem.field, problem.rule) == (name, rule)


@pytest.mark.parametrize(
    ("kind", "name", "value", "told"),
    [
        (
            QUIZ,
            "metadata",
            {"topic": 3, "fine": "x"},
            "metadata.topic = 3: must be text, not an integer",
        ),
        (
            QUIZ,
            "metadata",
            {"a key": "y" * 501},
            f'metadata["a key"] = {"y" * 100}…: must have at most 500 characters; it has 501',
        ),
        (
            QUIZ,
            "metadata",
            {"k" * 51: "x"},
            f'metadata["{"k" * 51}"] = {"k" * 51}: as a key, must have at most 50 characters; it has 51',
        ),
        (
            CONSISTENCY,
            "activity_dates",
            ["2026-01-31", "31.1.2026"],
            "activity_dates[1] = 31.1.2026: must be a day such as 2026-01-31",
        ),
        (REQUEST, "components", {"quiz": 2}, "components.quiz = 2: must be <= 1"),
    ],
)
def test_the_path_of_an_entry_or_item_can_be_read(kind: str, name: str, value: object, told: str) -> None:
    assert [str(problem) for problem in refused(kind, **{name: value})] == [told]


def test_every_broken_field_is_told_and_of_a_list_the_first_ones() -> None:
    problems = refused(CONSISTENCY, student_id="a b", max_streak=-1, activity_dates=["x"] * 50)
    assert [problem.field for problem in problems if "[" not in problem.field] == ["student_id", "max_streak"]
    assert sum("[" in problem.field for problem in problems) == MOST_IN_A_FIELD


def test_a_missing_field_a_null_and_an_unknown_type_are_told_apart() -> None:
    event = {"event_type": QUIZ, **COMMON, **OWN[QUIZ]}
    del event["quiz_id"]
    with pytest.raises(InvalidInput, match=r"^quiz_id = absent: is required in quiz.performance.submitted$"):
        event_from(event)
    with pytest.raises(InvalidInput, match=r"^event_type = absent: is required: one of exercise"):
        event_from(COMMON)
    with pytest.raises(InvalidInput, match=r"^event_type = null: must be one of exercise"):
        event_from({**COMMON, "event_type": None})


def test_what_cannot_be_printed_is_escaped_in_values_and_paths() -> None:
    (problem,) = refused(QUIZ, student_id="ada\x1b[2J\n\u202eevil")
    assert problem.value == "ada\\x1b[2J\\n\\u202eevil"
    (problem,) = refused(QUIZ, metadata={"a\rb": 1})
    assert problem.field == 'metadata["a\\rb"]'
    assert str(problem).isprintable()


def test_a_long_value_is_told_by_its_first_hundred_characters() -> None:
    (problem,) = refused(QUIZ, student_id="\x00" * 200)
    assert problem.value == ("\\x00" * 25) + "…"


def test_every_pattern_of_the_events_has_words() -> None:
    for cls in EVENT_CLASSES:
        for field in msgspec.structs.fields(cls):
            problems = field_problems({field.encode_name: "\n"}, cls)
            assert not [one for one in problems if one.field == field.encode_name and "match" in one.rule]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=60), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [(cls, field) for cls in EVENT_CLASSES for field in msgspec.structs.fields(cls)]


@given(st.sampled_from(FIELDS), ANYTHING | st.sampled_from(["2026-01-31", "beginner", ["2026-01-31"], 0.5]))
def test_words_are_found_for_exactly_what_the_types_refuse(choice: tuple[Any, Any], value: object) -> None:
    cls, field = choice
    told = [one for one in field_problems({field.encode_name: value}, cls) if one.value != "absent"]
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        assert told
    else:
        assert not told


def test_every_type_that_a_field_has_is_judged() -> None:
    assert {type(inspect.type_info(field.type)).__name__ for _, field in FIELDS} <= {
        "BoolType",
        "FloatType",
        "IntType",
        "LiteralType",
        "Metadata",
        "StrType",
        "UnionType",
        "VarTupleType",
    }
