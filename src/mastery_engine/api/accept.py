"""The Accept header, as far as one media type needs it (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_PRECEDENCE: Final = ("*/*", "application/*", "application/json")


def accepts_json(values: Iterable[str]) -> bool:
    """Whether JSON may be answered; the most exact range that fits decides.

    Args:
        values: Every `Accept` header of the request; none means anything.
    """
    ranges = [one for value in values for one in value.lower().split(",") if one.strip()]
    if not ranges:
        return True
    quality: dict[str, float] = {}
    for one in ranges:
        media_type, *parameters = (part.strip() for part in one.split(";"))
        if media_type in _PRECEDENCE:
            quality[media_type] = max(_quality(parameters), quality.get(media_type, 0.0))
    fitting = [quality[media_type] for media_type in _PRECEDENCE if media_type in quality]
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
