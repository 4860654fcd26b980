"""What went wrong, told so that a model can mend it: code, rule, and what to do instead."""

from __future__ import annotations

from typing import Final

from mastery_engine.domain.errors import DependencyDown, InvalidInput, MasteryError, NotEnoughDays

_ADVICE: Final[dict[str, str]] = {
    "NOT_FOUND": "Do not guess ids: ask the user.",
    "FORBIDDEN": "This user may not; do not try again, tell the user.",
    "AUTH_ERROR": "Tell the user to sign in again.",
    "VALIDATION_ERROR": "Mend the arguments and call again.",
    "RATE_LIMITED": "Wait before the next call.",
    "SERVICE_UNAVAILABLE": "Nothing was lost; try again in a minute.",
}
_NOT_YET: Final = "Other arguments do not help; use get_mastery, and tell the user."
_MOST_TOLD: Final = 5
INTERNAL: Final = "INTERNAL_ERROR"
UNEXPECTED: Final = f"{INTERNAL}: something went wrong here. Do not try again; tell the user."


def refusal_text(error: MasteryError) -> str:
    """An error in words for a model."""
    said = error.message
    if isinstance(error, DependencyDown):
        # Its words are for operators, and may tell where the parts are.
        said = "something that the service needs does not answer"
    if isinstance(error, InvalidInput) and error.problems:
        said = "; ".join(map(str, error.problems[:_MOST_TOLD]))
    advice = _NOT_YET if isinstance(error, NotEnoughDays) else _ADVICE.get(error.code, "")
    return f"{error.code}: {said}. {advice}".rstrip()
