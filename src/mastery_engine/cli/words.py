"""Numbers as people read them: points, percentages, bars and small lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from mastery_engine.domain.forecast import Trend
from mastery_engine.domain.recommend import points_to_win
from mastery_engine.domain.scores import Level

if TYPE_CHECKING:
    from mastery_engine.engine.step import StepReport

_NOISE: Final = 1e-9
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_LEAST_SPAN: Final = 0.15
"""A line that moves less than this many points is drawn flat, as it is."""

LEVEL_STYLE: Final[dict[Level, str]] = {
    "expert": "bold bright_green",
    "proficient": "bright_green",
    "competent": "bright_yellow",
    "developing": "dark_orange",
    "beginner": "bright_red",
}
TREND_STYLE: Final[dict[Trend, str]] = {
    "improving": "bright_green",
    "declining": "bright_red",
    "stable": "default",
}
TREND_ARROW: Final[dict[Trend, str]] = {"improving": "↗", "declining": "↘", "stable": "→"}
COMPONENT_NAMES: Final = {
    "score": "Score",
    "completion": "Completion",
    "quiz": "Quizzes",
    "quality": "Quality",
    "consistency": "Consistency",
}
SHORT_NAMES: Final = {"completion": "Compl.", "quiz": "Quiz", "quality": "Qual.", "consistency": "Cons."}


def points(score: float) -> str:
    """A score as points of 100; cut and not rounded, so that it never looks like a level not reached."""
    return f"{int(score * 1000.0 + _NOISE) / 10:.1f}"


def adding_up(parts: Sequence[float], whole: float) -> list[str]:
    """Parts of a score as points of 100 whose sum, as printed, is the score as printed.

    Each is cut to a tenth; the tenths that are then missing go to those that lost most.

    Args:
        parts: What each brings, as a share of 1.
        whole: The score that they make.
    """
    tenths = [int(part * 1000.0 + _NOISE) for part in parts]
    missing = int(whole * 1000.0 + _NOISE) - sum(tenths)
    by_loss = sorted(range(len(parts)), key=lambda place: tenths[place] - parts[place] * 1000.0)
    for place in by_loss[: max(missing, 0)]:
        tenths[place] += 1
    return [f"{count / 10:.1f}" for count in tenths]


def gain(score: float) -> str:
    """Points to be won, as the reason beside them tells them."""
    told = points_to_win(score)
    return f"up to +{told}" if told[0].isdigit() else told


def signed_points(change: float) -> str:
    """A change of score; none is +0.0 on whichever side of nothing it lies."""
    return f"{round(change * 100, 1) + 0.0:+.1f}"


def percent(value: float) -> str:
    """A value in [0, 1] as a percentage, cut as points are."""
    return f"{int(value * 100.0 + _NOISE)} %"


def percent_to_a_tenth(value: float) -> str:
    """A value in [0, 1] as a percentage with one decimal, for those who calculate with it."""
    return f"{points(value)} %"


def weight(share: float) -> str:
    """A weight as a percentage; decimals only where it is shared out."""
    return f"{share * 100.0:.3g}%"


def bar(value: float, width: int) -> str:
    """A value in [0, 1] as a bar; full only at 1, empty only at 0."""
    filled = round(value * width)
    if 0.0 < value < 1.0:
        filled = min(max(filled, 1), width - 1)
    return "█" * filled + "░" * (width - filled)


def sparkline(values: Sequence[float | None]) -> str:
    """A small line; None is a gap."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    if high - low < _LEAST_SPAN:
        middle = (high + low) / 2
        low, high = middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2
    steps = len(_BLOCKS) - 1
    span = high - low
    return "".join(" " if value is None else _BLOCKS[round((value - low) / span * steps)] for value in values)


def by_day(scores: Sequence[tuple[date, float]], last: date, days: int, width: int) -> list[float | None]:
    """Scores on real dates put into at most `width` columns; a column without a day is a gap.

    Args:
        scores: Day and score, oldest first.
        last: Last day of the line.
        days: How many days it has.
        width: How many columns at most; each stands for the same number of days and shows its newest.
    """
    each = -(-days // width)
    columns: list[float | None] = [None] * -(-days // each)
    for day, score in scores:
        back = (last - day).days
        if 0 <= back < days:
            columns[len(columns) - 1 - back // each] = score
    return columns


def long_date(day: date) -> str:
    """A day in words."""
    return f"{day.day} {day:%B %Y}"


def minutes(count: int) -> str:
    """A time in hours and minutes."""
    hours, rest = divmod(count, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def scope(course_id: str | None) -> str:
    """The scope of an answer."""
    if course_id is None:
        return "all courses"
    return f"course {course_id}" if course_id else "events without a course"


def letters_by_kind(report: StepReport) -> str:
    """How many dead letters a worker made, and of which kinds."""
    kinds = {
        "validation": report.refused - report.failed - report.timed_out,
        "processing": report.failed,
        "timeout": report.timed_out,
    }
    told = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    return counted(report.refused, "dead letter") + (f" ({told})" if told else "")
