"""Business rules beyond the schema: those that compare fields, and those that need time or a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mastery_engine.domain.calendar import DAY_MS, Calendar, date_of, day_of, moment_of
from mastery_engine.domain.errors import Problem
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    QuizPerformanceSubmitted,
)

MAX_AHEAD_MS: Final = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class AcceptanceRules:
    """What a tenant's settings say of the events that it takes.

    Attributes:
        calendar: Days in the tenant's time zone.
        retention_days: Oldest age of an event in days, None for no limit.
    """

    calendar: Calendar
    retention_days: int | None = 90

    def problems(self, event: Event, entered_ms: int) -> tuple[Problem, ...]:
        """Judge a well-formed event.

        Args:
            event: An event that fits the schema.
            entered_ms: When the record entered the log, Unix milliseconds, so that every reader judges alike.

        Returns:
            Every broken rule, none for an acceptable event.
        """
        found: list[Problem] = []
        age_ms = entered_ms - event.timestamp
        if age_ms < -MAX_AHEAD_MS:
            rule = f"must not be more than 5 minutes after {moment_of(entered_ms).isoformat()}"
            found.append(Problem("timestamp", moment_of(event.timestamp).isoformat(), rule))
        elif self.retention_days is not None and age_ms > self.retention_days * DAY_MS:
            rule = f"must not be older than the retention of {self.retention_days} days"
            found.append(Problem("timestamp", moment_of(event.timestamp).isoformat(), rule))
        if event.corrects is not None:
            found.append(
                Problem("corrects", event.corrects, "is reserved for corrections by an administrator")
            )
        if isinstance(event, ConsistencyActivityRecorded):
            found.extend(self._date_problems(event))
        elif isinstance(event, ExerciseCompletionSubmitted | QuizPerformanceSubmitted):
            found.extend(_count_problems(event))
        return tuple(found)

    def _date_problems(self, event: ConsistencyActivityRecorded) -> list[Problem]:
        if not event.activity_dates:
            return []
        last = max(event.activity_dates)
        own_day = self.calendar.day(event.timestamp)
        if day_of(last) <= own_day:
            return []
        rule = f"must not be after the event's own day {date_of(own_day).isoformat()}"
        return [Problem("activity_dates", last.isoformat(), rule)]


def _count_problems(event: ExerciseCompletionSubmitted | QuizPerformanceSubmitted) -> list[Problem]:
    if isinstance(event, ExerciseCompletionSubmitted):
        done, total = event.completed_exercises, event.total_exercises
        names = ("completed_exercises", "total_exercises")
    else:
        done, total = event.correct_answers, event.total_questions
        names = ("correct_answers", "total_questions")
    if done <= total:
        return []
    return [Problem(names[0], str(done), f"must not be more than {names[1]} = {total}")]
