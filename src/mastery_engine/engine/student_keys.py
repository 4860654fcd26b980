"""Keys of the state store that hold something of one student, beside the document."""

from __future__ import annotations

from collections.abc import Iterator

from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import COMPONENTS


def derived_keys(tenant_id: str, student_id: str, state: LearnerState) -> Iterator[str]:
    """Keys that may have been derived from a state: of each kept day, and of the recent activity."""
    for day in kept_days(state):
        of_day = keys.day_result(tenant_id, student_id, date_of(day).isoformat())
        yield of_day
        for name in COMPONENTS:
            yield f"{of_day}:{name}"
    yield keys.recent_activity(tenant_id, student_id)


def kept_days(state: LearnerState) -> list[int]:
    """Numbers of the days with an event that the state keeps, in order."""
    return sorted({day for course in state.courses.values() for day in course.days.newest_first()})
