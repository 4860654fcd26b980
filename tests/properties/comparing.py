"""What "the same state" means: counts and days exact, decayed sums to 1e-9, results at six decimals."""

from __future__ import annotations

import math
from collections.abc import Iterable

from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.days import Days
from mastery_engine.domain.events import Event
from mastery_engine.domain.evidence import DecayedMean, Evidence
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import LearnerState

FORMULA = BUILT_IN[0]


def folded(events: Iterable[Event], calendar: Calendar, retention_days: int | None) -> LearnerState:
    """The state of a student after these events, in their order."""
    state = LearnerState()
    for event in events:
        state.fold(event, calendar.day(event.timestamp), retention_days)
    return state


def assert_same_mean(one: DecayedMean | None, other: DecayedMean | None) -> None:
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.reference == other.reference
        assert math.isclose(one.weight, other.weight, rel_tol=1e-9)
        assert math.isclose(one.weighted, other.weighted, rel_tol=1e-9, abs_tol=1e-300)
        assert one.value == other.value


def assert_same_evidence(one: Evidence, other: Evidence) -> None:
    assert (one.events, one.active_until, one.active_days, one.max_streak, one.completion) == (
        other.events,
        other.active_until,
        other.active_days,
        other.max_streak,
        other.completion,
    )
    assert_same_mean(one.quiz, other.quiz)
    assert_same_mean(one.quality, other.quality)


def assert_same_state(one: LearnerState, other: LearnerState) -> None:
    assert (one.events, one.newest, one.newest_day, one.kept_from) == (
        other.events,
        other.newest,
        other.newest_day,
        other.kept_from,
    )
    assert one.courses.keys() == other.courses.keys()
    for course_id, course in one.courses.items():
        twin = other.courses[course_id]
        assert_same_evidence(course.now, twin.now)
        assert_same_evidence(course.base, twin.base)
        days, twin_days = dict(course.days.items()), dict(twin.days.items())
        assert list(days) == list(twin_days)
        for day, evidence in days.items():
            assert_same_evidence(evidence, twin_days[day])
    if one.events:
        assert one.latest_result(FORMULA) == other.latest_result(FORMULA)
        assert [r.score for r in one.history(FORMULA, one.newest_day)] == [
            r.score for r in other.history(FORMULA, one.newest_day)
        ]


def stored_and_read(state: LearnerState) -> LearnerState:
    """The same state with its days packed, as it comes out of a store."""
    twin = LearnerState()
    twin.kept_from, twin.newest, twin.newest_day = state.kept_from, state.newest, state.newest_day
    twin.courses = state.courses
    for course in twin.courses.values():
        chunks: dict[int, dict[int, tuple[Evidence]]] = {}
        for day, evidence in course.days.items():
            chunks.setdefault(day // 16, {})[day % 16] = (evidence,)
        course.days = Days(chunks, dict, lambda _day, packed: packed[0])
    return twin
