"""What of a learning path depends on more than the result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import Calendar, date_of
from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.forecast import forecast
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.learning_path import Plan, learning_path
from mastery_engine.domain.recommend import recommend
from mastery_engine.domain.scores import Formula
from mastery_engine.engine.path_notes import path_note, steps_as_sent
from tests.unit.engine.house import completion, quiz

UTC = Calendar()


def state_of(events: list[LearningEvent]) -> LearnerState:
    state = LearnerState()
    for event in events:
        state.fold(event, UTC.day(event.timestamp), None)
    return state


def quizzes(*days: int, correct: int = 8) -> list[LearningEvent]:
    return [quiz(day, correct, f"2024-03-{day:02d}T10:00:00") for day in days]


def test_the_completion_comes_from_three_days_on() -> None:
    formula = BUILT_IN[0]
    two, three = state_of(quizzes(6, 7)), state_of(quizzes(6, 7, 8))
    assert path_note(two, two.latest_result(formula), formula).completion_day is None
    result = three.latest_result(formula)
    day = path_note(three, result, formula).completion_day
    # 225 minutes win 0.42 in 7.5 days, 0.056 a day; an idle week takes 0.1 * (1 - 0.9^7) = 0.05217.
    # 0.42 / (0.056 - 0.007453) = 8.65, so the ninth day, the result's own being the first.
    assert day == result.day + 8
    assert [step.area for step in steps_as_sent(recommend(result, formula), result.day)] == [
        "completion",
        "quality",
    ]


def test_days_out_of_the_forecasts_window_do_not_count() -> None:
    formula = BUILT_IN[0]
    events = [quiz(1, 8, "2024-01-01T10:00:00"), quiz(2, 8, "2024-03-30T10:00:00")]
    inside = state_of([*events, quiz(3, 8, "2024-03-29T10:00:00")])
    assert path_note(inside, inside.latest_result(formula), formula).completion_day is not None
    outside = state_of([*events, quiz(3, 8, "2024-03-31T10:00:00")])
    assert path_note(outside, outside.latest_result(formula), formula).completion_day is None


@pytest.mark.parametrize("formula", BUILT_IN)
@given(st.lists(st.tuples(st.integers(1, 28), st.integers(0, 10), st.booleans()), min_size=1, max_size=12))
def test_steps_and_completion_are_those_of_the_learning_path(
    formula: Formula, acts: list[tuple[int, int, bool]]
) -> None:
    state = state_of(
        [
            (quiz if by_quiz else completion)(number + 1, done, f"2024-02-{day:02d}T10:00:00")
            for number, (day, done, by_quiz) in enumerate(acts)
        ]
    )
    result = state.latest_result(formula)
    days = state.history(formula, result.day)
    try:
        foreseen = forecast(days, result, formula, model="decay")
    except NotEnoughDays as error:
        path = learning_path(result, formula, Plan(), today=date_of(result.day), forecast=error)
    else:
        path = learning_path(result, formula, Plan(), today=date_of(result.day), forecast=foreseen)
    note = path_note(state, result, formula)
    noted = None if note.completion_day is None else date_of(note.completion_day)
    assert noted == path.estimated_completion
    assert tuple(steps_as_sent(recommend(result, formula), result.day)) == path.steps
