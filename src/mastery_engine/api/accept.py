"""The Accept header: which of the media types that there are is answered (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mastery_engine.api.operation import JSON


def accepts_json(values: Iterable[str]) -> bool:
    """Whether JSON may be answered.

    Args:
        values: Every `Accept` header of the request; none means anything.
    """
    return best_of(values, (JSON,)) is not None


def best_of(values: Iterable[str], offered: Sequence[str]) -> str | None:
    """The media type that the caller likes best; of those that are liked alike, the one offered first.

    Args:
        values: Every `Accept` header of the request; none means anything.
        offered: Media types that there are.

    Returns:
        None if none of them may be answered.
    """
    ranges = [one for value in values for one in value.lower().split(",") if one.strip()]
    if not ranges:
        return offered[0]
    quality: dict[str, float] = {}
    for one in ranges:
        media_type, *parameters = (part.strip() for part in one.split(";"))
        quality[media_type] = max(_quality(parameters), quality.get(media_type, 0.0))
    best = max(offered, key=lambda one: _liking(one, quality))
    return best if _liking(best, quality) > 0.0 else None


def _liking(media_type: str, quality: dict[str, float]) -> float:
    """Quality of the most exact range that fits."""
    fitting = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((quality[one] for one in fitting if one in quality), 0.0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
