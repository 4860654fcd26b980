"""The forecast of one student in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import InvalidInput, NotEnoughDays, Problem
from mastery_engine.domain.forecast.intervals import Interval
from mastery_engine.domain.forecast.models import DEFAULT_MODEL, FEWEST_DAYS, MODELS, WINDOW_DAYS, Situation
from mastery_engine.domain.forecast.trend import Trend, trend_of
from mastery_engine.domain.scores import LEVELS, SCORE_DECIMALS, Formula, Level, Result

MOST_DAYS_AHEAD: Final = 30
INTERVENTION_BELOW: Final = 0.40


class Forecast(Struct, frozen=True, kw_only=True):
    """Where the score will be.

    Attributes:
        as_of: Last day whose evidence was used.
        timeframe_days: Days ahead, 1 to 30.
        predicted_for: The day that is foreseen.
        current_score: Score at the end of `as_of`.
        current_level: Level of that score.
        predicted_score: In [0, 1] at 6 decimals.
        predicted_level: Level of that score.
        interval_80: Within which the score will be in four of five cases.
        trend: Of the seven days to `as_of`: above +0.02 improving, below -0.02 declining.
        confidence: In [0, 1] at 6 decimals; how it is come by is the model's.
        intervention_needed: Predicted below 0.40, or at a lower level than today's.
        days_with_events: In the 90 days to `as_of`.
        model: Name of the model.
        formula: `name@version` of the formula that made the scores.
    """

    as_of: date
    timeframe_days: int
    predicted_for: date
    current_score: float
    current_level: Level
    predicted_score: float
    predicted_level: Level
    interval_80: Interval
    trend: Trend
    confidence: float
    intervention_needed: bool
    days_with_events: int
    model: str
    formula: str


def forecast(
    history: Sequence[Result],
    today: Result,
    formula: Formula,
    *,
    timeframe_days: int = 7,
    model: str = DEFAULT_MODEL,
) -> Forecast:
    """Foresee the score.

    Args:
        history: Results of days with an event, oldest first; what lies after today, or for the models more
            than 90 days back, is left out here.
        today: Result at the end of the day that is asked for, with or without an event on it.
        formula: The formula that made them.
        timeframe_days: Days ahead, 1 to 30.
        model: A name in `MODELS`.

    Raises:
        InvalidInput: The timeframe is out of its bounds, or there is no such model.
        NotEnoughDays: Fewer than three days with an event in the 90 days to today.
    """
    problems: list[Problem] = []
    if not 1 <= timeframe_days <= MOST_DAYS_AHEAD:
        problems.append(
            Problem("timeframe_days", str(timeframe_days), f"must be from 1 to {MOST_DAYS_AHEAD}")
        )
    if model not in MODELS:
        problems.append(Problem("model", model[:100], f"must be one of {', '.join(sorted(MODELS))}"))
    if problems:
        raise InvalidInput.of(*problems)
    situation = situation_of(history, today, formula)
    prediction = MODELS[model](situation, timeframe_days)
    score = round(prediction.score, SCORE_DECIMALS)
    level = formula.level(score)
    lower = LEVELS.index(level) < LEVELS.index(today.level)
    return Forecast(
        as_of=date_of(today.day),
        timeframe_days=timeframe_days,
        predicted_for=date_of(today.day + timeframe_days),
        current_score=today.score,
        current_level=today.level,
        predicted_score=score,
        predicted_level=level,
        interval_80=prediction.interval.rounded(),
        trend=trend_of(history, today, formula),
        confidence=round(prediction.confidence, SCORE_DECIMALS),
        intervention_needed=score < INTERVENTION_BELOW or lower,
        days_with_events=len(situation.days),
        model=model,
        formula=formula.id,
    )


def situation_of(history: Sequence[Result], today: Result, formula: Formula) -> Situation:
    """What a model may know of the day; see `forecast` for the arguments and for `NotEnoughDays`."""
    days = [result for result in history if today.day - WINDOW_DAYS < result.day <= today.day]
    if len(days) < FEWEST_DAYS:
        there = ("there is no day", "there is 1 day", f"there are {len(days)} days")[len(days)]
        until = date_of(today.day).isoformat()
        raise NotEnoughDays(
            f"no forecast: {there} with an event in the {WINDOW_DAYS} days to {until},"
            f" and at least {FEWEST_DAYS} are needed",
            reason="not_enough_days",
        )
    return Situation(days=days, today=today, formula=formula)
