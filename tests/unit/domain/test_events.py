from datetime import date
from typing import Any

import msgspec
import pytest

from mastery_engine.domain.events import (
    DIFFICULTY_MULTIPLIER,
    EVENT_CLASSES,
    ConsistencyActivityRecorded,
    Event,
    LearningEvent,
    MasteryCalculationRequested,
    event_type,
)

ID = "0a1b2c3d-0000-4000-8000-0123456789ab"
COMMON: dict[str, Any] = {"event_id": ID, "timestamp": 1, "student_id": "s", "source": "tutor"}
OWN: dict[str, dict[str, Any]] = {
    "exercise.completion.submitted": {
        "exercise_id": "e",
        "total_exercises": 10,
        "completed_exercises": 10,
        "difficulty": "beginner",
        "time_taken": 0,
    },
    "quiz.performance.submitted": {
        "quiz_id": "q",
        "total_questions": 1,
        "correct_answers": 0,
        "time_spent": 0.5,
        "confidence_score": 1,
    },
    "quality.assessment.completed": {
        "submission_id": "s",
        "code_quality_score": 0.0,
        "correctness_score": 1.0,
        "efficiency_score": 0.5,
        "peer_review_score": None,
    },
    "consistency.activity.recorded": {
        "activity_dates": ["2024-02-29"],
        "current_streak": 0,
        "max_streak": 3660,
    },
    "mastery.calculation.requested": {"components": {"quiz": 0.5}, "correlation_id": "c"},
}


def read(kind: str, **changes: object) -> Event:
    return msgspec.convert({**COMMON, "event_type": kind, **OWN[kind], **changes}, LearningEvent)


@pytest.mark.parametrize(("kind", "expected"), list(zip(OWN, EVENT_CLASSES, strict=True)))
def test_the_type_on_the_wire_names_the_class(kind: str, expected: type[Event]) -> None:
    event = read(kind)
    assert type(event) is expected
    assert event_type(event) == kind


def test_what_is_not_sent_has_its_default() -> None:
    event = read("mastery.calculation.requested")
    assert isinstance(event, MasteryCalculationRequested)
    assert (event.tenant_id, event.course_id, event.topic_id, event.activity) == ("default", None, None, True)
    assert (event.corrects, event.metadata) == (None, None)
    assert event.components is not None
    assert event.components.quiz == 0.5
    assert event.components.completion is None


def test_dates_are_read_as_dates_and_unknown_fields_are_ignored() -> None:
    event = read("consistency.activity.recorded", surprise=1)
    assert isinstance(event, ConsistencyActivityRecorded)
    assert event.activity_dates == (date(2024, 2, 29),)


EXERCISE, QUIZ, QUALITY, DAYS = list(OWN)[:4]
ACCEPTED: list[tuple[str, str, Any]] = [
    (EXERCISE, "timestamp", 0),
    (EXERCISE, "timestamp", 253_402_300_799_999),
    (EXERCISE, "tenant_id", "0_-" + "a" * 47),
    (EXERCISE, "student_id", "Az0_-" * 10),
    (EXERCISE, "source", "x" * 100),
    (EXERCISE, "course_id", "A.b_c:d-" + "0" * 92),
    (EXERCISE, "total_exercises", 1_000_000),
    (EXERCISE, "time_taken", 1e9),
    (EXERCISE, "metadata", {str(n): "v" * 500 for n in range(20)}),
    (EXERCISE, "metadata", {"k" * 50: ""}),
    (QUIZ, "confidence_score", 0),
    (DAYS, "activity_dates", ["2024-02-29"] * 366),
    (DAYS, "activity_dates", []),
    (DAYS, "corrects", ID),
]
REFUSED: list[tuple[str, str, Any]] = [
    (EXERCISE, "event_id", ID.upper()),
    (EXERCISE, "event_id", ID + "\n"),
    (EXERCISE, "event_id", ID.replace("-", "")),
    (EXERCISE, "corrects", "x"),
    (EXERCISE, "timestamp", -1),
    (EXERCISE, "timestamp", 253_402_300_800_000),
    (EXERCISE, "timestamp", 1.0),
    (EXERCISE, "tenant_id", ""),
    (EXERCISE, "tenant_id", "_a"),
    (EXERCISE, "tenant_id", "A"),
    (EXERCISE, "tenant_id", "a" * 51),
    (EXERCISE, "student_id", ""),
    (EXERCISE, "student_id", "a" * 51),
    (EXERCISE, "student_id", "a:b"),
    (EXERCISE, "source", ""),
    (EXERCISE, "source", "x" * 101),
    (EXERCISE, "course_id", ""),
    (EXERCISE, "course_id", "a b"),
    (EXERCISE, "topic_id", "a" * 101),
    (EXERCISE, "exercise_id", "é"),
    (EXERCISE, "activity", 1),
    (EXERCISE, "metadata", {str(n): "v" for n in range(21)}),
    (EXERCISE, "metadata", {"k" * 51: ""}),
    (EXERCISE, "metadata", {"k": "v" * 501}),
    (EXERCISE, "total_exercises", 0),
    (EXERCISE, "total_exercises", 1_000_001),
    (EXERCISE, "total_exercises", 3.0),
    (EXERCISE, "completed_exercises", -1),
    (EXERCISE, "difficulty", "expert"),
    (EXERCISE, "time_taken", -0.1),
    (EXERCISE, "time_taken", float("inf")),
    (QUIZ, "confidence_score", 1.000001),
    (QUIZ, "confidence_score", float("nan")),
    (QUIZ, "correct_answers", True),
    (QUALITY, "efficiency_score", -0.000001),
    (QUALITY, "peer_review_score", "1"),
    (DAYS, "activity_dates", ["2024-02-29"] * 367),
    (DAYS, "activity_dates", ["2023-02-29"]),
    (DAYS, "current_streak", 3661),
    (DAYS, "max_streak", -1),
]


@pytest.mark.parametrize(("kind", "field", "value"), ACCEPTED)
def test_a_value_at_the_edge_is_taken(kind: str, field: str, value: object) -> None:
    read(kind, **{field: value})


@pytest.mark.parametrize(("kind", "field", "value"), REFUSED)
def test_a_value_beyond_the_edge_is_refused_and_named(kind: str, field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        read(kind, **{field: value})


@pytest.mark.parametrize("kind", OWN)
def test_an_event_without_student_time_or_id_is_refused(kind: str) -> None:
    for field in ("event_id", "timestamp", "student_id", "source"):
        sent = {**COMMON, "event_type": kind, **OWN[kind]}
        del sent[field]
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert(sent, LearningEvent)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="event_type"):
        msgspec.convert({**COMMON, "event_type": "mastery.updated"}, LearningEvent)


def test_difficulties_weigh_as_the_specification_says() -> None:
    assert DIFFICULTY_MULTIPLIER == {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}


def test_events_do_not_change_and_compare_by_value() -> None:
    event = read(QUIZ)
    with pytest.raises(AttributeError):
        event.activity = False  # type: ignore[misc]
    assert event == read(QUIZ) != read(QUIZ, correct_answers=1)
