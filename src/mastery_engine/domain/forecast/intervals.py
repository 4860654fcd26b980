"""The 80 % interval: how far scores have been seen to end from the one that would follow if nothing came.

Measured, not derived: by days ahead and by days without an event, the shortest interval around the `decay`
score that held 82 % of the outcomes. Source: OULAD (Kuzilek, Hlosta and Zdrahal 2017,
doi:10.1038/sdata.2017.171), presentation 2013J, every second student, registered, one course each, every
third day of weeks 3 to 30; measured 2026-11-23 by `python -m benchmarks.backtest FOLDER --presentation 2013J
--fit --every 2`, which prints this table.

Of presentations that were not fitted it holds less, hence 82 and not 80: 77 to 83 % of 2014B and 74 to 81 %
of 2013B at 3 to 30 days (benchmarks/results/backtest.txt). 2014B had been looked at when 82 % and the columns
were chosen, so it is no blind check. One course can stray further: 74 to 83 % at 7 days.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from msgspec import Struct

from mastery_engine.domain.scores import SCORE_DECIMALS

HORIZONS: Final = (1, 2, 3, 5, 7, 10, 14, 21, 30)
"""Days ahead for which there is a column; between two of them the offsets are interpolated."""
IDLE_FROM: Final = (0, 2, 5, 10, 20)
"""Days without an event from which a row holds."""
BELOW: Final[tuple[tuple[float, ...], ...]] = (
    (0.0000, 0.0140, 0.0229, 0.0295, 0.0278, 0.0275, 0.0193, 0.0313, 0.0592),
    (0.0000, 0.0070, 0.0099, 0.0191, 0.0187, 0.0135, 0.0151, 0.0286, 0.0687),
    (0.0000, 0.0000, 0.0000, 0.0022, 0.0011, 0.0044, 0.0067, 0.0297, 0.0796),
    (0.0000, 0.0000, 0.0000, 0.0000, 0.0002, 0.0000, 0.0044, 0.0686, 0.1000),
    (0.0000, 0.0000, 0.0000, 0.0000, 0.0667, 0.0667, 0.0688, 0.1067, 0.1333),
)
ABOVE: Final[tuple[tuple[float, ...], ...]] = (
    (0.0200, 0.0367, 0.0474, 0.0541, 0.0667, 0.0733, 0.0899, 0.1005, 0.1118),
    (0.0068, 0.0164, 0.0285, 0.0381, 0.0449, 0.0590, 0.0772, 0.0991, 0.1016),
    (0.0000, 0.0110, 0.0190, 0.0293, 0.0397, 0.0515, 0.0735, 0.0991, 0.1007),
    (0.0000, 0.0000, 0.0121, 0.0248, 0.0344, 0.0509, 0.0890, 0.0903, 0.0900),
    (0.0000, 0.0000, 0.0078, 0.0471, 0.0319, 0.0486, 0.0669, 0.0600, 0.0491),
)


class Interval(Struct, frozen=True):
    """A range of scores, ends included, in [0, 1]."""

    low: float
    high: float

    def rounded(self) -> Interval:
        """Ends at 6 decimals."""
        return Interval(round(self.low, SCORE_DECIMALS), round(self.high, SCORE_DECIMALS))


def interval_80(idle_score: float, idle_days: int, days: int) -> Interval:
    """The range that holds the score in four of five cases.

    Args:
        idle_score: Score of that day if nothing comes, in [0, 1].
        idle_days: Days since the last event, from 0.
        days: Days ahead, 1 to 30.
    """
    row = bisect_right(IDLE_FROM, idle_days) - 1
    low = idle_score - _between(BELOW[row], days)
    high = idle_score + _between(ABOVE[row], days)
    return Interval(max(0.0, low), min(1.0, high))


def _between(offsets: tuple[float, ...], days: int) -> float:
    place = bisect_right(HORIZONS, days) - 1
    if HORIZONS[place] == days:
        return offsets[place]
    share = (days - HORIZONS[place]) / (HORIZONS[place + 1] - HORIZONS[place])
    return offsets[place] + share * (offsets[place + 1] - offsets[place])
