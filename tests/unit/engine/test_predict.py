"""Where a student is heading."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, NotEnoughDays, NotFound
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import School, caller, open_school


@pytest.fixture
async def school() -> AsyncIterator[School]:
    """Quizzes of 8/10 on three days in a row, the last two days ago."""
    async with open_school() as opened:
        await opened.learn(*(quiz(day, 8, f"2024-03-0{day}T10:00:00") for day in (6, 8, 7)))
        yield opened


async def test_the_default_forecast_is_the_same_evidence_a_week_older(school: School) -> None:
    answer = await school.engine.predictions.forecast(caller(), "ann")
    foreseen = answer.forecast
    assert (answer.student_id, answer.course_id, answer.as_of) == ("ann", None, date(2024, 3, 10))
    assert answer.current.score == foreseen.current_score == 0.321
    assert (foreseen.model, foreseen.timeframe_days) == ("decay", 7)
    assert foreseen.predicted_for == date(2024, 3, 17)
    # 0.3 * 0.8 + 0.1 * 0.9^9; two idle days: 0.0187 below, 0.0449 above.
    assert foreseen.predicted_score == 0.278742
    assert (foreseen.interval_80.low, foreseen.interval_80.high) == (0.260042, 0.323642)
    assert foreseen.confidence == round(0.3 * (1 - 0.0187 - 0.0449), 6)
    assert (foreseen.trend, foreseen.intervention_needed, foreseen.days_with_events) == ("stable", True, 3)
    assert [one.action for one in await school.audit()] == ["forecast.read"]


# decay over 4 days: 0.24 + 0.1 * 0.9^6. The three days' scores are equal, so the line is flat.
@pytest.mark.parametrize(
    ("model", "days", "score"), [("persistence", 30, 0.321), ("linear", 30, 0.321), ("decay", 4, 0.293144)]
)
async def test_models_are_chosen_by_name(school: School, model: str, days: int, score: float) -> None:
    answer = await school.engine.predictions.forecast(caller(), "ann", model=model, days=days)
    assert (answer.forecast.predicted_score, answer.forecast.model) == (score, model)


async def test_a_forecast_under_another_formula_starts_from_its_score(school: School) -> None:
    answer = await school.engine.predictions.forecast(caller(), "ann", formula="adr-004-observed")
    # (0.3 * 0.8 + 0.1 * 0.81) / 0.4, and a week later (0.3 * 0.8 + 0.1 * 0.9^9) / 0.4.
    assert answer.current.score == answer.forecast.current_score == 0.8025
    assert answer.forecast.predicted_score == 0.696855
    assert answer.forecast.formula == "adr-004-observed@1"


async def test_a_forecast_as_of_an_earlier_day_knows_no_later_one(school: School) -> None:
    with pytest.raises(
        NotEnoughDays,
        match=(
            r"^no forecast: there are 2 days with an event in the 90 days to 2024-03-07, "
            r"and at least 3 are needed$"
        ),
    ):
        await school.engine.predictions.forecast(caller(), "ann", as_of=date(2024, 3, 7))
    answer = await school.engine.predictions.forecast(caller(), "ann", as_of=date(2024, 3, 8), course_id="A")
    assert (answer.course_id, answer.as_of, answer.current.score) == ("A", date(2024, 3, 8), 0.34)


@pytest.mark.parametrize("days", [0, 31])
async def test_days_and_models_that_are_not_known_are_named(school: School, days: int) -> None:
    with pytest.raises(
        InvalidInput,
        match=rf"^timeframe_days = {days}: must be from 1 to 30; "
        r"model = best: must be one of decay, linear, persistence$",
    ):
        await school.engine.predictions.forecast(caller(), "ann", days=days, model="best")


async def test_there_is_no_forecast_of_unknown_or_unseen_students_or_days(school: School) -> None:
    predictions = school.engine.predictions
    for who, student in ((caller(), "nobody"), (caller("student", "bo"), "ann")):
        with pytest.raises(NotFound):
            await predictions.forecast(who, student)
        with pytest.raises(NotFound):
            await predictions.trajectory(who, student)
    await school.learn_for_months("bo")
    with pytest.raises(HistoryNotKept):
        await predictions.forecast(caller(), "bo", as_of=date(2024, 1, 21))
    with pytest.raises(HistoryNotKept):
        await predictions.trajectory(caller(), "bo", as_of=date(2024, 1, 21))


async def test_a_trajectory_joins_the_days_behind_and_ahead(school: School) -> None:
    answer = await school.engine.predictions.trajectory(caller(), "ann", ahead=2)
    line = answer.trajectory
    assert answer.current.score == line.past[-1].score
    assert [(point.day.day, point.score) for point in line.past] == [
        (6, 0.34),
        (7, 0.34),
        (8, 0.34),
        (10, 0.321),
    ]
    assert [(point.day.day, point.score) for point in line.ahead] == [(11, 0.3129), (12, 0.30561)]
    assert line.forecast.predicted_score == line.ahead[-1].score
    with pytest.raises(InvalidInput, match="days = 6: must be from 7 to 90"):
        await school.engine.predictions.trajectory(caller(), "ann", days=6)
