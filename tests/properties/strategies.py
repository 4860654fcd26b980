"""Events and histories as hypothesis draws them: few days, times and courses, so that they collide often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from mastery_engine.domain.calendar import DAY_MS, Calendar, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

# Where clocks change within days of the first moment, and Samoa, which had no 30 December 2011.
STARTS: Final[tuple[tuple[str, date], ...]] = (
    ("UTC", date(2024, 2, 25)),
    ("UTC", date(1970, 1, 1)),
    ("Europe/Berlin", date(2024, 3, 28)),
    ("Europe/Berlin", date(2024, 10, 24)),
    ("America/New_York", date(2024, 3, 8)),
    ("America/Havana", date(2024, 3, 8)),
    ("America/Santiago", date(2024, 9, 5)),
    ("Australia/Lord_Howe", date(2024, 4, 4)),
    ("Asia/Kathmandu", date(2024, 1, 1)),
    ("Pacific/Apia", date(2011, 12, 27)),
)
COURSES: Final = (None, "A", "B")
T = TypeVar("T")

_SCORES: Final = (0.0, 0.5, 1.0, 0.7, 1 / 3, 0.123456789, 0.999999)
_TIMES_OF_DAY: Final = (0, 1, DAY_MS // 2, DAY_MS - 1)
_DAYS_BACK: Final = (0, 1, 2, 3, 4, 5, 7, 88, 89, 90, 91, 120, 200)

retentions = st.one_of(st.none(), st.integers(3, 10))


def start_ms(start: date) -> int:
    """Unix milliseconds of the start of a date in UTC."""
    return int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()) * 1000


class Choices:
    """Choices made of the digits of one number, so that an event costs hypothesis a single draw."""

    def __init__(self, number: int) -> None:
        self._number = number

    def below(self, size: int) -> int:
        self._number, digit = divmod(self._number, size)
        return digit

    def of(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]


def make_event(
    seed: bytes, calendar: Calendar, first: date, span_days: int, courses: Sequence[str | None] = COURSES
) -> Event:
    """One acceptable event of any kind of evidence; another seed is another event id.

    Args:
        seed: At least 24 bytes.
        calendar: Days of the tenant; activity dates are never after the event's own.
        first: First day, in UTC.
        span_days: Days from the first on which events happen.
        courses: Courses to choose from, None for an event without one.
    """
    number = int.from_bytes(seed, "big")
    choose = Choices(number)
    kind, make = choose.of(_KINDS)
    timestamp = start_ms(first) + choose.below(span_days) * DAY_MS
    timestamp += choose.of((*_TIMES_OF_DAY, choose.below(DAY_MS)))
    common = {
        # An odd factor permutes the ids, so that neighbours among the seeds are none among them.
        "event_id": str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)),
        "timestamp": timestamp,
        "student_id": "student",
        "source": "test",
        "course_id": choose.of(courses),
        "activity": choose.of((True, True, False)),
    }
    return kind(**common, **make(choose, calendar.day(timestamp)))


def _completion(choose: Choices, _day: int) -> dict[str, Any]:
    total = choose.below(12) + 1
    return {
        "exercise_id": "e",
        "total_exercises": total,
        "completed_exercises": choose.below(total + 1),
        "difficulty": choose.of(("beginner", "intermediate", "advanced")),
        "time_taken": 1.0,
    }


def _quiz(choose: Choices, _day: int) -> dict[str, Any]:
    total = choose.below(12) + 1
    return {
        "quiz_id": "q",
        "total_questions": total,
        "correct_answers": choose.below(total + 1),
        "time_spent": 1.0,
        "confidence_score": choose.of((None, *_SCORES)),
    }


def _quality(choose: Choices, _day: int) -> dict[str, Any]:
    return {
        "submission_id": "s",
        "code_quality_score": choose.of(_SCORES),
        "correctness_score": choose.of(_SCORES),
        "efficiency_score": choose.of(_SCORES),
        "peer_review_score": choose.of((None, *_SCORES)),
    }


def _consistency(choose: Choices, day: int) -> dict[str, Any]:
    dates = [date_of(day - choose.of(_DAYS_BACK)) for _ in range(choose.below(5))]
    return {
        "activity_dates": tuple(dates),
        "current_streak": choose.of((None, 3)),
        "max_streak": choose.of((None, None, 0, 1, 2, 5, 120)),
    }


_KINDS: Final[tuple[tuple[type[Event], Callable[[Choices, int], dict[str, Any]]], ...]] = (
    (ConsistencyActivityRecorded, _consistency),
    (ExerciseCompletionSubmitted, _completion),
    (QuizPerformanceSubmitted, _quiz),
    (QualityAssessmentCompleted, _quality),
)


@st.composite
def histories(
    draw: st.DrawFn, min_size: int = 1, max_size: int = 20, span_days: int | None = None
) -> tuple[Calendar, list[Event]]:
    """A tenant's calendar and events of one student, each with an id of its own, in no order."""
    zone, first = draw(st.sampled_from(STARTS))
    calendar = Calendar(zone)
    span = span_days or draw(st.sampled_from((2, 6, 20, 20, 130)))
    seeds = draw(st.lists(_SEEDS, min_size=min_size, max_size=max_size, unique_by=lambda seed: seed[-16:]))
    return calendar, [make_event(seed, calendar, first, span) for seed in seeds]


_SEEDS: Final = st.binary(min_size=24, max_size=24)


def events() -> st.SearchStrategy[Event]:
    """Single events on a few days of 2024, cut in UTC."""
    return _SEEDS.map(lambda seed: make_event(seed, Calendar(), date(2024, 2, 25), 20))
