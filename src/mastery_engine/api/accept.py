"""The Accept header, as far as one media type needs it (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

JSON: Final = "application/json"


def accepts_json(values: Iterable[str]) -> bool:
    """Whether JSON may be answered; see `accepts`."""
    return accepts(values, JSON)


def accepts(values: Iterable[str], media_type: str) -> bool:
    """Whether this media type may be answered; the most exact range that fits decides.

    Args:
        values: Every `Accept` header of the request; none means anything.
        media_type: Like `application/json`.
    """
    precedence = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    ranges = [one for value in values for one in value.lower().split(",") if one.strip()]
    if not ranges:
        return True
    quality: dict[str, float] = {}
    for one in ranges:
        given, *parameters = (part.strip() for part in one.split(";"))
        if given in precedence:
            quality[given] = max(_quality(parameters), quality.get(given, 0.0))
    fitting = [quality[one] for one in precedence if one in quality]
    return bool(fitting) and fitting[-1] > 0.0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
