"""Forecast models, in one table: a new one is added there, and made the default by `DEFAULT_MODEL`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from mastery_engine.domain.forecast.intervals import Interval, interval_80
from mastery_engine.domain.history import carried
from mastery_engine.domain.scores import Formula, Result

WINDOW_DAYS: Final = 90
"""Days whose results a model sees, today included."""
FEWEST_DAYS: Final = 3
"""Days with an event that a forecast needs."""
DEFAULT_MODEL: Final = "decay"


class Situation(Struct, frozen=True, kw_only=True):
    """What a model may know.

    Attributes:
        days: Results of the days with an event in the 90 days to today, oldest first, at least three.
        today: Result at the end of the day that is asked for.
        formula: The formula that made them.
    """

    days: Sequence[Result]
    today: Result
    formula: Formula

    @property
    def idle_days(self) -> int:
        """Days since the last event."""
        return self.today.day - self.days[-1].day


class Prediction(NamedTuple):
    """A model's answer: score in [0, 1], 80 % interval around it, confidence in [0, 1]."""

    score: float
    interval: Interval
    confidence: float


class Model(Protocol):
    """A way to foresee the score some days ahead."""

    def __call__(self, situation: Situation, days: int) -> Prediction:
        """Predict the score `days` (from 1 to 30) after today."""
        ...


def linear(situation: Situation, days: int) -> Prediction:
    """Today's score, moved on along the least-squares line through the daily scores on their real dates.

    Confidence is min(0.9, 0.1 for each day with an event); the interval reaches from what is usual to the
    line.
    """
    score = _clip(situation.today.score + _slope(situation.days) * days)
    usual = _usual(situation, days)
    interval = Interval(low=min(usual.low, score), high=max(usual.high, score))
    return Prediction(score, interval, min(0.9, 0.1 * len(situation.days)))


def persistence(situation: Situation, days: int) -> Prediction:
    """The score of today."""
    score = situation.today.score
    usual = _usual(situation, days)
    interval = Interval(low=min(usual.low, score), high=max(usual.high, score))
    return Prediction(score, interval, _confidence(situation, interval))


def decay(situation: Situation, days: int) -> Prediction:
    """The score of the same evidence, with the consistency that it will have by then if nothing comes."""
    interval = _usual(situation, days)
    return Prediction(_idle_score(situation, days), interval, _confidence(situation, interval))


MODELS: Final[Mapping[str, Model]] = MappingProxyType(
    {"decay": decay, "linear": linear, "persistence": persistence}
)


def _idle_score(situation: Situation, days: int) -> float:
    return carried(situation.today, situation.today.day + days, situation.formula).score


def _usual(situation: Situation, days: int) -> Interval:
    return interval_80(_idle_score(situation, days), situation.idle_days, days)


def _confidence(situation: Situation, interval: Interval) -> float:
    """The share of the scale that the interval rules out, less with fewer than ten days to judge by."""
    return min(1.0, len(situation.days) / 10) * (1.0 - (interval.high - interval.low))


def _slope(results: Sequence[Result]) -> float:
    """Score a day, by least squares over at least two different days."""
    middle = fsum(result.day for result in results) / len(results)
    mean = fsum(result.score for result in results) / len(results)
    spread = fsum((result.day - middle) ** 2 for result in results)
    return fsum((result.day - middle) * (result.score - mean) for result in results) / spread


def _clip(score: float) -> float:
    return min(1.0, max(0.0, score))
