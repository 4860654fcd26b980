"""Trajectory: the days behind and the days ahead as points of one line, for charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.forecast.intervals import Interval
from mastery_engine.domain.forecast.models import DEFAULT_MODEL, MODELS
from mastery_engine.domain.forecast.predict import Forecast, forecast, situation_of
from mastery_engine.domain.scores import SCORE_DECIMALS, Formula, Result

FEWEST_DAYS_BACK: Final = 7
MOST_DAYS_BACK: Final = 90


class Point(Struct, frozen=True, kw_only=True):
    """A score on a day.

    Attributes:
        day: Calendar day in the tenant's time zone.
        score: In [0, 1] at 6 decimals.
        interval_80: Of a day ahead; None for one that has been.
    """

    day: date
    score: float
    interval_80: Interval | None = None


class Trajectory(Struct, frozen=True, kw_only=True):
    """Where the score has been and will be.

    Attributes:
        forecast: For the last of the days ahead.
        past: Days with an event, and today, oldest first; gaps stay gaps.
        ahead: Every day from tomorrow on, for `timeframe_days`.
    """

    forecast: Forecast
    past: tuple[Point, ...]
    ahead: tuple[Point, ...]


def trajectory(
    history: Sequence[Result],
    today: Result,
    formula: Formula,
    *,
    days: int = 30,
    timeframe_days: int = 7,
    model: str = DEFAULT_MODEL,
) -> Trajectory:
    """Points of the last `days` (7 to 90, today included) and of each day ahead; else see `forecast`."""
    if not FEWEST_DAYS_BACK <= days <= MOST_DAYS_BACK:
        rule = f"must be from {FEWEST_DAYS_BACK} to {MOST_DAYS_BACK}"
        raise InvalidInput.of(Problem("days", str(days), rule))
    whole = forecast(history, today, formula, timeframe_days=timeframe_days, model=model)
    situation = situation_of(history, today, formula)
    past = [result for result in situation.days if today.day - days < result.day < today.day]
    ahead: list[Point] = []
    for distance in range(1, timeframe_days + 1):
        prediction = MODELS[model](situation, distance)
        ahead.append(
            Point(
                day=date_of(today.day + distance),
                score=round(prediction.score, SCORE_DECIMALS),
                interval_80=prediction.interval.rounded(),
            )
        )
    return Trajectory(
        forecast=whole,
        past=tuple(Point(day=date_of(result.day), score=result.score) for result in (*past, today)),
        ahead=tuple(ahead),
    )
