"""Trend: how the score has moved over the last seven days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from mastery_engine.domain.history import state_on
from mastery_engine.domain.scores import SCORE_DECIMALS, Formula, Result

Trend = Literal["improving", "declining", "stable"]
TREND_DAYS: Final = 7
TREND_EDGE: Final = 0.02
"""A change of more than this is a trend."""


def change(history: Sequence[Result], today: Result, formula: Formula) -> float:
    """Score of today minus the score seven days before, at 6 decimals.

    People read a trend as what has happened, and a forecast beside it as what will. Where the student was not
    there yet seven days before, the first day that is there is compared.

    Args:
        history: Results of days with an event, oldest first; days after today are left out here.
        today: Result of the day that is asked for.
        formula: The formula that made them.
    """
    before = state_on(history, today.day - TREND_DAYS, formula)
    if before is None:
        before = next((result for result in history if result.day <= today.day), today)
    return round(today.score - before.score, SCORE_DECIMALS)


def trend_of(history: Sequence[Result], today: Result, formula: Formula) -> Trend:
    """Improving above +0.02 in seven days, declining below -0.02, else stable; see `change`."""
    moved = change(history, today, formula)
    if moved > TREND_EDGE:
        return "improving"
    return "declining" if moved < -TREND_EDGE else "stable"
