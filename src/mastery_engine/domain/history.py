"""History: daily results in buckets, their average, and what they come to on days without events."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import fsum
from operator import attrgetter
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.scores import DAILY_CONSISTENCY_DECAY, SCORE_DECIMALS, Formula, Result

Aggregation = Literal["daily", "weekly", "monthly"]
AVERAGE_DAYS: Final = 30
"""Days of the historical average, the day that is asked for included."""


class Bucket(Struct, frozen=True, kw_only=True):
    """Scores of the days with an event in one day, ISO week or month.

    Attributes:
        label: `2014-03-01`, `2014-W09` or `2014-03`.
        start: First day of the whole day, week or month.
        end: Its last day, included.
        mean: Of the scores at the end of each day with an event, at 6 decimals, as the next three.
        min: Lowest of them.
        max: Highest of them.
        last: That of the newest day.
        days: How many days had an event.
    """

    label: str
    start: date
    end: date
    mean: float
    min: float
    max: float
    last: float
    days: int


def aggregate(results: Sequence[Result], aggregation: Aggregation) -> list[Bucket]:
    """Put daily results into buckets.

    Args:
        results: Results of days with an event, oldest first, at most one a day.
        aggregation: `daily`, `weekly` (ISO weeks, from Monday) or `monthly`.

    Returns:
        Buckets with a day in them, oldest first; gaps stay gaps.
    """
    cut = _CUTS[aggregation]
    grouped = groupby(results, key=lambda result: cut(date_of(result.day)))
    return [_bucket(start, end, label, [r.score for r in group]) for (start, end, label), group in grouped]


def historical_average(results: Sequence[Result], as_of_day: int) -> float | None:
    """Mean of the daily scores of the 30 days to `as_of_day`.

    Args:
        results: Results of days with an event; days outside the 30 are left out here.
        as_of_day: Number of the last day, included.

    Returns:
        The mean at 6 decimals over the days with an event; None if there is none.
    """
    scores = [result.score for result in results if as_of_day - AVERAGE_DAYS < result.day <= as_of_day]
    return mean_of(scores) if scores else None


def carried(result: Result, day: int, formula: Formula) -> Result:
    """The result of a later day, if no event comes in between.

    Time alone changes consistency only: it falls by 10 % a day; the decayed means stand still.

    Args:
        result: Result of a day that is not after `day`.
        day: Number of the day to carry it to.
        formula: The formula that made it.
    """
    components = result.components
    if day != result.day and components.consistency is not None:
        idle = DAILY_CONSISTENCY_DECAY ** (day - result.day)
        components = components._replace(consistency=components.consistency * idle)
    score = formula.score(components)
    return Result(score=score, level=formula.level(score), components=components, formula=formula.id, day=day)


def state_on(results: Sequence[Result], day: int, formula: Formula) -> Result | None:
    """The result at the end of any day, with or without an event; None before the first.

    Args:
        results: Results of days with an event, oldest first.
        day: Number of the day.
        formula: The formula that made them.
    """
    place = bisect_right(results, day, key=attrgetter("day"))
    return carried(results[place - 1], day, formula) if place else None


def mean_of(scores: Sequence[float]) -> float:
    """Mean of at least one score, at 6 decimals; summed exactly, so it never leaves their range."""
    return round(fsum(scores) / len(scores), SCORE_DECIMALS)


def _bucket(start: date, end: date, label: str, scores: list[float]) -> Bucket:
    return Bucket(
        label=label,
        start=start,
        end=end,
        mean=mean_of(scores),
        min=min(scores),
        max=max(scores),
        last=scores[-1],
        days=len(scores),
    )


def _day(day: date) -> tuple[date, date, str]:
    return day, day, day.isoformat()


def _week(day: date) -> tuple[date, date, str]:
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return monday, monday + timedelta(days=6), f"{year}-W{week:02d}"


def _month(day: date) -> tuple[date, date, str]:
    start = day.replace(day=1)
    following = (start + timedelta(days=31)).replace(day=1)
    return start, following - timedelta(days=1), f"{day:%Y-%m}"


_CUTS: Final[dict[Aggregation, Callable[[date], tuple[date, date, str]]]] = {
    "daily": _day,
    "weekly": _week,
    "monthly": _month,
}
