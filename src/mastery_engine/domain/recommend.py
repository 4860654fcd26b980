"""What to do next: one recommendation for each weak component, or stretch goals where none is weak.

Called for every folded event, so the common case is kept lean: one flat loop, and what was said of a
component's value before is said again from a bounded cache.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import astuple, replace

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.scores import (
    COMPONENTS,
    LEVELS,
    SCORE_DECIMALS,
    Component,
    Components,
    Formula,
    Result,
)

Action = Literal["practice", "review", "refactor", "schedule"]
Priority = Literal["high", "medium", "low"]
MOST: Final = 10
HIGH_GAIN: Final = 0.10
"""Score to be won from which a recommendation is of high priority: more than half the width of a level."""
MEDIUM_GAIN: Final = 0.03
MINUTES_STEP: Final = 5
LEAST_MINUTES: Final = 10
MOST_MINUTES: Final = 120

ACTIONS: Final[tuple[Action, ...]] = ("practice", "review", "refactor", "schedule")
_WHOLE_MINUTES: Final = (150, 120, 180, 60)
_NOUNS: Final = ("exercise completion", "quiz average", "quality of work", "study consistency")
_MISSING: Final = ("No exercise has", "No quiz has", "No assessed work has", "No active day has")
_FLOAT_NOISE: Final = 1e-9


class Recommendation(Struct, frozen=True, gc=False):
    """One thing to do.

    Attributes:
        area: Component that it raises.
        action: `practice` exercises, `review` quizzes, `refactor` work or `schedule` study days.
        priority: By `gain`: `high` from 0.10, `medium` from 0.03, else `low`.
        gain: Score to be won by reaching the target, at 6 decimals.
        estimated_time: Minutes, a planning figure: see `estimated_minutes`.
        reason: One sentence for the student, with the numbers.
    """

    area: Component
    action: Action
    priority: Priority
    gain: float
    estimated_time: int
    reason: str


def recommend(result: Result, formula: Formula, limit: int = MOST) -> list[Recommendation]:
    """Recommendations for a result, the one with most score to win first.

    Args:
        result: Mastery in any scope.
        formula: The formula that made it; its `weak_below` says which components are weak, in the order of
            `Formula.weak`. Where it leaves out what is not observed, so do the recommendations, unless
            nothing is observed at all.
        limit: How many at most, from 1 to 10.

    Returns:
        One for each weak component; `stretch_goals` if none is weak. Never empty.

    Raises:
        InvalidInput: The limit is out of its bounds.
    """
    check_limit(limit)
    shared_out = _weight_shared_out(result.components, formula) if formula.only_observed else 0.0
    weak: list[tuple[float, int, Recommendation]] = []
    for (place, weight, target), value in zip(formula.edges, result.components, strict=True):
        shortfall = target - (value or 0.0)
        if shortfall > 0.0 and (value is not None or not shared_out):
            weak.append(
                (-weight * shortfall, place, _reach(place, value, target, weight / (shared_out or 1.0)))
            )
    if not weak:
        return stretch_goals(result, formula)[:limit]
    weak.sort()
    return [recommendation for _, _, recommendation in weak[:limit]]


def check_limit(limit: int) -> None:
    """Refuse a limit that is not 1 to 10.

    Raises:
        InvalidInput: It is not.
    """
    if not 1 <= limit <= MOST:
        raise InvalidInput.of(Problem("limit", str(limit), f"must be from 1 to {MOST}"))


def stretch_goals(result: Result, formula: Formula) -> list[Recommendation]:
    """Goals beyond the thresholds: each component to 100 %, the one with most to give first.

    The first one's sentence names the next level and where it starts. With everything at 100 % one goal is
    left: to keep it. See `recommend` for the arguments.
    """
    shared_out = _weight_shared_out(result.components, formula) if formula.only_observed else 0.0
    goals = [
        _reach(place, value, 1.0, weight / (shared_out or 1.0))
        for (place, weight, _), value in zip(formula.edges, result.components, strict=True)
        if value is not None or not shared_out
    ]
    goals = sorted((goal for goal in goals if goal.gain > 0.0), key=_by_gain)
    if not goals:
        return [_keep_it()]
    first = goals[0]
    most = f"{first.area.capitalize()} has most to give"
    reason = f"{_standing(result, formula)} {most}: {first.reason[0].lower()}{first.reason[1:]}"
    return [replace(first, reason=reason), *goals[1:]]


def priority_of(gain: float) -> Priority:
    """Priority by the score to be won: high from 0.10, medium from 0.03, else low."""
    if gain >= HIGH_GAIN:
        return "high"
    return "medium" if gain >= MEDIUM_GAIN else "low"


def estimated_minutes(place: int, shortfall: float) -> int:
    """Minutes to plan for a shortfall.

    In proportion to it: from 0 to 100 % are 150 minutes of practice, 120 of review, 180 of refactoring, 60 of
    scheduled study. Rounded up to five minutes, and at least 10, at most 120: one piece of work and not a
    term's. A rule of thumb.

    Args:
        place: Place of the component in `COMPONENTS`.
        shortfall: What is missing to the target, in [0, 1].
    """
    minutes = ceil(shortfall * _WHOLE_MINUTES[place] / MINUTES_STEP - _FLOAT_NOISE) * MINUTES_STEP
    return max(LEAST_MINUTES, min(minutes, MOST_MINUTES))


@lru_cache(maxsize=8_192)
def _reach(place: int, value: float | None, target: float, weight: float) -> Recommendation:
    shortfall = target - (value or 0.0)
    gain = round(weight * shortfall, SCORE_DECIMALS)
    won = f"adds {points_to_win(gain)} to your score"
    aim = f"{round(target * 100.0, 1):g} %"
    if value is None:
        reason = f"{_MISSING[place]} been counted yet; reaching {aim} {won}."
    else:
        reason = (
            f"Your {_NOUNS[place]} is {int(value * 100.0 + _FLOAT_NOISE)} %, below {aim}; reaching it {won}."
        )
    return Recommendation(
        COMPONENTS[place],
        ACTIONS[place],
        priority_of(gain),
        gain,
        estimated_minutes(place, shortfall),
        reason,
    )


def _weight_shared_out(components: Components, formula: Formula) -> float:
    """Weight of the observed components, over which the whole is shared out; 0 with none observed."""
    total = 0.0
    for value, weight in zip(components, formula.weights, strict=True):
        if value is not None:
            total += weight
    return total


def _standing(result: Result, formula: Formula) -> str:
    points = f"{int(result.score * 1000.0 + _FLOAT_NOISE) / 10:.1f}"
    place = LEVELS.index(result.level)
    if place == len(LEVELS) - 1:
        return f"With {points} points you have reached {result.level}, the highest level."
    threshold: float = astuple(formula.thresholds)[place]
    return f"You have {points} points, and {LEVELS[place + 1]} starts at {round(threshold * 100.0, 1):g}."


def _by_gain(goal: Recommendation) -> float:
    return -goal.gain


def points_to_win(gain: float) -> str:
    """A gain in points of 100 with one decimal, half-up on its six decimals; never shown as nothing."""
    tenths = (round(gain * 1_000_000) + 500) // 1_000
    return f"{tenths / 10:.1f} points" if tenths else "less than 0.1 points"


def _keep_it() -> Recommendation:
    reason = (
        "All that counts is at 100 %; keep your study days, for each day without one takes 10 % off your"
        " consistency."
    )
    return Recommendation("consistency", "schedule", "low", 0.0, LEAST_MINUTES, reason)
