"""The line behind and ahead."""

import pytest

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import InvalidInput, NotEnoughDays
from mastery_engine.domain.forecast import Point, forecast, trajectory
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import carried
from mastery_engine.domain.scores import Components, Result

FORMULA = BUILT_IN[0]
TODAY = 16_000


def flat(day: int) -> Result:
    return Result(
        score=0.5,
        level="developing",
        components=Components(0.5, 0.5, 0.5, 0.5),
        formula=FORMULA.id,
        day=day,
    )


HISTORY = [flat(TODAY - back) for back in (89, 30, 29, 7, 6, 2)]
NOW = carried(HISTORY[-1], TODAY, FORMULA)


def days_of(points: tuple[Point, ...]) -> list[int]:
    return [(point.day - date_of(TODAY)).days for point in points]


@pytest.mark.parametrize(
    ("days", "back"),
    [(7, [-6, -2, 0]), (30, [-29, -7, -6, -2, 0]), (90, [-89, -30, -29, -7, -6, -2, 0])],
)
def test_the_past_has_the_days_with_an_event_and_today(days: int, back: list[int]) -> None:
    line = trajectory(HISTORY, NOW, FORMULA, days=days)
    assert days_of(line.past) == back
    assert line.past[0] == Point(day=date_of(TODAY + back[0]), score=0.5)
    assert line.past[-1] == Point(day=date_of(TODAY), score=NOW.score)


def test_thirty_days_back_and_seven_ahead_are_the_default() -> None:
    line = trajectory(HISTORY, NOW, FORMULA)
    assert line == trajectory(HISTORY, NOW, FORMULA, days=30, timeframe_days=7, model="decay")


def test_today_is_told_once_when_it_has_an_event() -> None:
    history = [flat(TODAY - 2), flat(TODAY - 1), flat(TODAY)]
    assert days_of(trajectory(history, history[-1], FORMULA).past) == [-2, -1, 0]


@pytest.mark.parametrize("model", ["decay", "linear", "persistence"])
def test_every_day_ahead_is_that_days_forecast(model: str) -> None:
    line = trajectory(HISTORY, NOW, FORMULA, timeframe_days=9, model=model)
    assert days_of(line.ahead) == list(range(1, 10))
    for distance, point in enumerate(line.ahead, 1):
        alone = forecast(HISTORY, NOW, FORMULA, timeframe_days=distance, model=model)
        assert (point.score, point.interval_80) == (alone.predicted_score, alone.interval_80)
    assert line.forecast == forecast(HISTORY, NOW, FORMULA, timeframe_days=9, model=model)


@pytest.mark.parametrize("days", [6, 91])
def test_days_back_are_seven_to_ninety(days: int) -> None:
    with pytest.raises(InvalidInput, match=rf"days = {days}: must be from 7 to 90"):
        trajectory(HISTORY, NOW, FORMULA, days=days)


def test_too_few_days_make_no_line() -> None:
    with pytest.raises(NotEnoughDays):
        trajectory(HISTORY[:1], NOW, FORMULA)
