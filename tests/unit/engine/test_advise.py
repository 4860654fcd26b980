"""What a student should do next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, NotFound
from mastery_engine.domain.learning_path import Plan
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import School, caller, open_school


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.learn(quiz(1, 8))
        yield opened


async def test_what_is_weak_is_recommended_the_most_to_win_first(school: School) -> None:
    answer = await school.engine.advice.recommendations(caller(), "ann")
    assert (answer.student_id, answer.course_id, answer.as_of) == ("ann", None, date(2024, 3, 10))
    assert answer.current.score == 0.321
    first, second = answer.recommendations
    # 0.4 * 0.7 and 0.2 * 0.7 to be won; 0.7 of 150 minutes, and 0.7 of 180, cut at 120.
    assert (first.area, first.action, first.priority, first.gain, first.estimated_time) == (
        "completion",
        "practice",
        "high",
        0.28,
        105,
    )
    assert first.reason == "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score."
    assert (second.area, second.gain, second.estimated_time) == ("quality", 0.14, 120)


async def test_a_limit_cuts_the_list_and_has_bounds(school: School) -> None:
    answer = await school.engine.advice.recommendations(caller(), "ann", limit=1, course_id="A")
    assert ([one.area for one in answer.recommendations], answer.course_id) == (["completion"], "A")
    for limit in (0, 11):
        with pytest.raises(InvalidInput, match=rf"^limit = {limit}: must be from 1 to 10$"):
            await school.engine.advice.recommendations(caller(), "ann", limit=limit)


async def test_the_path_lays_the_steps_out_over_the_days(school: School) -> None:
    path = await school.engine.advice.path(caller(), "ann")
    laid = [(one.area, one.minutes, one.starts_on.day, one.ends_on.day) for one in path.steps]
    assert laid == [("completion", 105, 10, 13), ("quality", 120, 13, 17)]
    assert (path.as_of, path.total_minutes, path.gain) == (date(2024, 3, 10), 225, 0.42)
    assert path.estimated_completion is None
    assert path.completion_note.startswith("no forecast: there is 1 day with an event")


async def test_with_three_days_the_completion_follows_from_the_forecast(school: School) -> None:
    await school.learn(quiz(2, 8, "2024-03-07T10:00:00"), quiz(3, 8, "2024-03-06T10:00:00"))
    path = await school.engine.advice.path(caller(), "ann")
    # 225 minutes win 0.42 in 7.5 days, 0.056 a day; the forecast loses (0.278742 - 0.321) / 7 a day.
    # 0.42 / (0.056 - 0.006037) = 8.41, so the ninth day, today being the first.
    assert path.estimated_completion == date(2024, 3, 18)


async def test_a_plan_chooses_goal_and_pace(school: School) -> None:
    plan = Plan(goal="prepare_assessment", daily_minutes=60, assessment_date=date(2024, 3, 12))
    path = await school.engine.advice.path(caller(), "ann", plan=plan)
    assert [(one.area, one.minutes) for one in path.steps] == [("completion", 105), ("quality", 15)]
    with pytest.raises(InvalidInput, match="assessment_date = 2024-03-12: must be after 2024-03-12"):
        await school.engine.advice.path(caller(), "ann", plan=plan, as_of=date(2024, 3, 12))


async def test_there_is_no_advice_for_unknown_or_unseen_students_or_days(school: School) -> None:
    advice = school.engine.advice
    for who, student in ((caller(), "nobody"), (caller("student", "bo"), "ann")):
        with pytest.raises(NotFound):
            await advice.recommendations(who, student)
        with pytest.raises(NotFound):
            await advice.path(who, student)
    assert [one.allowed for one in await school.audit()] == [True, True, False, False]
    await school.learn_for_months("bo")
    with pytest.raises(HistoryNotKept):
        await advice.recommendations(caller(), "bo", as_of=date(2024, 1, 21))
    with pytest.raises(HistoryNotKept):
        await advice.path(caller(), "bo", as_of=date(2024, 1, 21))
