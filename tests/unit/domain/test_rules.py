from typing import cast

import msgspec
import pytest

from mastery_engine.domain.calendar import DAY_MS, Calendar
from mastery_engine.domain.errors import Problem
from mastery_engine.domain.events import Event
from mastery_engine.domain.rules import AcceptanceRules
from tests.unit.domain.sending import at, completion, event_id, quality, question, quiz, visit

NOON = "2024-03-01T12:00:00"
MINUTE_MS = 60_000
EVENTS: list[Event] = [completion(3), quiz(3), quality(1, 1, 1), visit(), question()]


def problems(
    event: Event, entered: int, retention: int | None = 90, zone: str = "UTC"
) -> tuple[Problem, ...]:
    return AcceptanceRules(Calendar(zone), retention).problems(event, entered)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_may_be_exactly_five_minutes_ahead_and_no_millisecond_more(event: Event) -> None:
    assert problems(event, at(NOON) - 5 * MINUTE_MS) == ()
    (problem,) = problems(event, at(NOON) - 5 * MINUTE_MS - 1)
    assert problem.field == "timestamp"
    assert problem.value == "2024-03-01T12:00:00+00:00"
    assert problem.rule == "must not be more than 5 minutes after 2024-03-01T11:54:59.999000+00:00"


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_may_be_exactly_as_old_as_the_retention_and_no_millisecond_more(event: Event) -> None:
    assert problems(event, at(NOON) + 30 * DAY_MS, retention=30) == ()
    (problem,) = problems(event, at(NOON) + 30 * DAY_MS + 1, retention=30)
    assert problem.field == "timestamp"
    assert problem.value == "2024-03-01T12:00:00+00:00"
    assert problem.rule == "must not be older than the retention of 30 days"


def test_the_retention_is_ninety_days_if_nothing_is_said() -> None:
    rules = AcceptanceRules(Calendar())
    assert rules.problems(quiz(1), at(NOON) + 90 * DAY_MS) == ()
    assert rules.problems(quiz(1), at(NOON) + 90 * DAY_MS + 1) != ()


def test_without_a_retention_nothing_is_too_old() -> None:
    assert problems(visit("1970-01-01T00:00:00"), at(NOON), retention=None) == ()


def test_a_correction_is_reserved() -> None:
    corrects = event_id()
    event = msgspec.structs.replace(quiz(1), corrects=corrects)
    expected = Problem("corrects", corrects, "is reserved for corrections by an administrator")
    assert problems(event, at(NOON)) == (expected,)


def test_not_more_may_be_done_than_there_is() -> None:
    assert problems(completion(10, 10), at(NOON)) == ()
    assert problems(quiz(10, 10), at(NOON)) == ()
    assert problems(completion(11, 10), at(NOON)) == (
        Problem("completed_exercises", "11", "must not be more than total_exercises = 10"),
    )
    assert problems(quiz(11, 10), at(NOON)) == (
        Problem("correct_answers", "11", "must not be more than total_questions = 10"),
    )


def test_activity_dates_reach_to_the_events_own_day() -> None:
    assert problems(visit(NOON), at(NOON)) == ()
    assert problems(visit(NOON, "2024-03-01", "1950-01-01"), at(NOON)) == ()
    assert problems(visit(NOON, "2024-03-02", "2024-02-01"), at(NOON)) == (
        Problem("activity_dates", "2024-03-02", "must not be after the event's own day 2024-03-01"),
    )


def test_the_events_own_day_is_that_of_the_tenants_time_zone() -> None:
    late = visit("2024-03-01T23:30:00", "2024-03-02")
    assert problems(late, late.timestamp, zone="Europe/Berlin") == ()
    early = visit("2024-03-02T00:30:00", "2024-03-02")
    (problem,) = problems(early, early.timestamp, zone="America/New_York")
    assert problem.rule == "must not be after the event's own day 2024-03-01"


def test_an_event_of_the_last_moment_is_refused_and_not_stumbled_over() -> None:
    last = visit("9999-12-31T23:59:59.999", "2024-03-02")
    (problem,) = problems(last, at(NOON), zone="Asia/Tokyo")
    assert problem.field == "timestamp"


def test_every_broken_rule_is_told_in_the_order_of_the_fields() -> None:
    event = msgspec.structs.replace(quiz(11, 10), corrects=event_id())
    fields = [problem.field for problem in problems(cast("Event", event), 0)]
    assert fields == ["timestamp", "corrects", "correct_answers"]
