"""What would happen if: the numbers are those that come when it has really happened."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import Event
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.interventions import Intervention, result_after
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import Result
from tests.unit.domain import sending

FORMULA = BUILT_IN[0]
NOW = sending.at("2024-03-10T12:00:00")
DAY = NOW // DAY_MS


def state_of(events: Sequence[Event]) -> LearnerState:
    state = LearnerState()
    for event in events:
        state.fold(event, event.timestamp // DAY_MS, None)
    return state


BEFORE: list[Event] = [
    sending.completion(4, 20, "2024-03-05T09:00:00", difficulty="advanced"),
    sending.quiz(6, 10, "2024-03-08T09:00:00"),
    sending.quiz(9, 10, "2024-03-09T09:00:00", course="B"),
    sending.quality(0.5, 0.5, 0.5, None, "2024-03-09T10:00:00"),
]


def after(plan: Intervention, events: Sequence[Event] = BEFORE, course_id: str | None = None) -> Result:
    state = state_of(events)
    scope = state.course_ids(DAY) if course_id is None else [course_id]
    courses = {one: state.evidence(DAY, one)[0] for one in scope}
    return result_after(courses, plan, DAY, NOW, FORMULA)


@pytest.mark.parametrize("course_id", [None, "A"])
@pytest.mark.parametrize(
    ("plan", "event"),
    [
        (Intervention(quiz=(8, 10)), sending.quiz(8, 10, "2024-03-10T12:00:00")),
        (Intervention(quality=0.9), sending.quality(0.9, 0.9, 0.9, None, "2024-03-10T12:00:00")),
        (Intervention(exercises=5), sending.completion(9, 20, "2024-03-10T12:00:00", difficulty="advanced")),
        (
            Intervention(exercises=500),
            sending.completion(20, 20, "2024-03-10T12:00:00", difficulty="advanced"),
        ),
    ],
)
def test_an_act_changes_what_the_event_of_it_will_change(
    plan: Intervention, event: Event, course_id: str | None
) -> None:
    really = state_of([*BEFORE, event]).result(FORMULA, DAY, course_id)
    assert after(plan, course_id=course_id) == really


def test_acts_of_a_plan_happen_together() -> None:
    events = [
        sending.quiz(8, 10, "2024-03-10T12:00:00"),
        sending.quality(0.9, 0.9, 0.9, None, "2024-03-10T12:00:00"),
        sending.completion(9, 20, "2024-03-10T12:00:00", difficulty="advanced"),
    ]
    really = state_of([*BEFORE, *events]).result(FORMULA, DAY)
    assert after(Intervention(quiz=(8, 10), quality=0.9, exercises=5)) == really


def test_days_of_study_count_from_tomorrow_and_the_result_is_that_of_the_last() -> None:
    told = after(Intervention(study_days=3))
    days = [sending.quiz(0, 1, f"2024-03-{day}T09:00:00") for day in (11, 12, 13)]
    really = state_of([*BEFORE, *days]).result(FORMULA, DAY + 3)
    assert told.day == DAY + 3
    assert told.components.consistency == really.components.consistency
    assert told.components.quiz == state_of(BEFORE).result(FORMULA, DAY).components.quiz


def test_asking_changes_nothing() -> None:
    state = state_of(BEFORE)
    before = state.result(FORMULA, DAY)
    courses = {one: state.evidence(DAY, one)[0] for one in state.course_ids(DAY)}
    result_after(
        courses, Intervention(quiz=(0, 10), quality=0.0, exercises=1, study_days=30), DAY, NOW, FORMULA
    )
    assert state.result(FORMULA, DAY) == before


@pytest.mark.parametrize(
    ("plan", "events", "saying"),
    [
        (Intervention(), BEFORE, "must say what happens"),
        (Intervention(quiz=(3, 2)), BEFORE, "more correct answers than questions"),
        (Intervention(exercises=1), BEFORE[1:2], "no exercises reported yet"),
        (
            Intervention(exercises=1),
            [*BEFORE, sending.completion(1, 5, "2024-03-09T11:00:00", course="B")],
            "must name one of the courses with exercises: 'A', 'B'",
        ),
    ],
)
def test_what_cannot_be_is_told(plan: Intervention, events: Sequence[Event], saying: str) -> None:
    with pytest.raises(InvalidInput, match=saying):
        after(plan, events)
