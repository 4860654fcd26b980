"""The learning path that goes out when what is weak, or its order, has changed.

Its completion follows from the `decay` forecast, the one model that needs no history: this is made within
processing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mastery_engine.contracts.outcome import PathNote
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.forecast import FEWEST_DAYS, WINDOW_DAYS
from mastery_engine.domain.history import carried
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.learning_path import Plan, Step, completion_days, steps_of
from mastery_engine.domain.recommend import Recommendation, recommend
from mastery_engine.domain.scores import SCORE_DECIMALS, Formula, Result

PLAN: Final = Plan()
TIMEFRAME_DAYS: Final = 7


class _Outlook(NamedTuple):
    current_score: float
    predicted_score: float
    timeframe_days: int


def path_note(state: LearnerState, result: Result, formula: Formula) -> PathNote:
    """What of the path depends on more than the result: the estimated completion.

    The same as `learning_path` gives with the `decay` forecast; none before the third day with an event.

    Args:
        state: Evidence up to the result's day.
        result: Overall, as of the newest day.
        formula: The formula that made it.
    """
    if not state.has_days(FEWEST_DAYS, result.day - WINDOW_DAYS + 1):
        return PathNote(None)
    foreseen = carried(result, result.day + TIMEFRAME_DAYS, formula).score
    outlook = _Outlook(result.score, foreseen, TIMEFRAME_DAYS)
    steps = recommend(result, formula)
    gain = round(sum(step.gain for step in steps), SCORE_DECIMALS)
    minutes = sum(step.estimated_time for step in steps)
    days = completion_days(gain, minutes, PLAN.daily_minutes, outlook)
    return PathNote(None if days is None else result.day + days - 1)


def steps_as_sent(recommendations: list[Recommendation], day: int) -> list[Step]:
    """The steps of the path from this day on, which follow from the recommendations alone."""
    return steps_of(recommendations, PLAN.daily_minutes, date_of(day))
