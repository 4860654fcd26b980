"""A score of four numbers, and what to do next."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import asdict

from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.recommend import recommend
from mastery_engine.domain.scores import Components, Result
from mastery_engine.skills.checking import checked_components, checked_share

_FORMULA: Final = BUILT_IN[0]


def calculate_mastery(components: dict[str, float]) -> dict[str, Any]:
    """Score, level and what to do next, by the formula `adr-004`.

    Args:
        components: Values in [0, 1] of `completion`, `quiz`, `quality` and `consistency`, at least one; one that is left
            out is not observed and counts 0.

    Returns:
        `mastery_score` in [0, 1] at 6 decimals, its `level`, the `formula` as `name@version`, and `recommendations` as of
        `generate_recommendations`.

    Raises:
        InvalidInput: A name or a value is wrong, or nothing is given; each broken rule is told, ten at most.
    """
    parts = checked_components(components)
    score = _FORMULA.score(parts)
    return {
        "mastery_score": score,
        "level": _FORMULA.level(score),
        "formula": _FORMULA.id,
        "recommendations": _recommendations(parts, score),
    }


def generate_recommendations(components: dict[str, float], score: float) -> list[dict[str, Any]]:
    """What to do next, the one with most score to win first.

    Args:
        components: As of `calculate_mastery`.
        score: The score that they made, in [0, 1]; it is told where no component is weak.

    Returns:
        For each component below 70 %, or, where none is, for each below 100 %: `action`, `area`, `priority` (high, medium,
        low), `gain` (score to be won), `estimated_time` in minutes and a `reason` to read to the student. Never empty.

    Raises:
        InvalidInput: A name or a value is wrong, or no component is given.
    """
    return _recommendations(checked_components(components), checked_share("score", score))


def _recommendations(parts: Components, score: float) -> list[dict[str, Any]]:
    # No day: a recommendation depends on none.
    result = Result(score=score, level=_FORMULA.level(score), components=parts, formula=_FORMULA.id, day=0)
    return [asdict(one) for one in recommend(result, _FORMULA)]
