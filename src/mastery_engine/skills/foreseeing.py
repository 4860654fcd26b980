"""Where a list of daily scores leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from msgspec.structs import asdict

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.forecast import FEWEST_DAYS, MODELS, MOST_DAYS_AHEAD, forecast
from mastery_engine.domain.scores import Components, Formula, Result, Weights
from mastery_engine.skills.checking import checked_whole, refuse, share_problem

MOST_SCORES: Final = 1_000
"""Days of a list; a forecast looks at the last 90."""
_TOLD: Final = (
    "predicted_level",
    "timeframe_days",
    "current_score",
    "current_level",
    "trend",
    "intervention_needed",
    "days_with_events",
    "model",
)


def predict_trajectory(
    history: list[float], *, days: int = 7, model: str = "linear"
) -> dict[str, Any] | None:
    """Where the score will be, from one score a day.

    A list of scores tells no components, so nothing is known of the consistency that the engine's own model, `decay`, lets
    fall; of such a list it says what `persistence` says. `linear` is the model of the decision document.

    Args:
        history: Scores in [0, 1] of consecutive days, oldest first, the last one of today; at most 1,000, of which the last
            90 count.
        days: Days ahead, 1 to 30.
        model: `linear`, `persistence` or `decay`.

    Returns:
        `predicted_score` and `confidence` in [0, 1] at 6 decimals, `predicted_level`, `interval_80` (`low`, `high`; measured,
        of students whose last event is of today), `timeframe_days`, `current_score`, `current_level`, `trend` (of the last
        seven days), `intervention_needed`, `days_with_events` (how many counted) and `model`.
        None with fewer than three scores.

    Raises:
        InvalidInput: It is no list, too long, or a score, `days` or `model` is wrong.
    """
    scores = _checked(history)
    days = checked_whole("days", days, MOST_DAYS_AHEAD)
    if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InvalidInput.of(Problem("model", type(model).__name__, "must be a name"))
    if model not in MODELS:
        raise InvalidInput.of(Problem("model", model[:100], f"must be one of {', '.join(sorted(MODELS))}"))
    if len(scores) < FEWEST_DAYS:
        return None
    past = [_result(day, score) for day, score in enumerate(scores)]
    found = forecast(past, past[-1], _FORMULA, timeframe_days=days, model=model)
    told = {name: getattr(found, name) for name in _TOLD}
    # The days of a list have no dates, so none is told.
    return {
        "predicted_score": found.predicted_score,
        "confidence": found.confidence,
        "interval_80": asdict(found.interval_80),
        **told,
    }


def _checked(history: object) -> list[float]:
    if isinstance(history, str | bytes) or not isinstance(history, Sequence):
        rule = "must be a list of numbers from 0 to 1"
        raise InvalidInput.of(Problem("history", type(history).__name__, rule))
    given = cast("Sequence[object]", history)
    if len(given) > MOST_SCORES:
        raise InvalidInput.of(Problem("history", f"{len(given)} scores", f"must be at most {MOST_SCORES}"))
    found = (share_problem(f"history[{place}]", value) for place, value in enumerate(given))
    refuse(problem for problem in found if problem is not None)
    return [float(cast("float", value)) for value in given]


def _result(day: int, score: float) -> Result:
    parts = Components(score, None, None, None)
    rounded = _FORMULA.score(parts)
    return Result(
        score=rounded, level=_FORMULA.level(rounded), components=parts, formula=_FORMULA.id, day=day
    )


# A score stands for itself: no component is made up, and none changes as days go by.
_FORMULA: Final = Formula(
    name="daily-scores",
    version=1,
    description="Scores as they are told.",
    weights=Weights(completion=1.0, quiz=0.0, quality=0.0, consistency=0.0),
)
