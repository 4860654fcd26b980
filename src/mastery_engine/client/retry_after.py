"""`Retry-After`, as seconds or as a date (RFC 9110)."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait; None if it does not say.

    A date is set against the answer's own `Date`, so that it does not matter whether both clocks agree.

    Args:
        headers: By name in lower case.
    """
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        until, now = (parsedate_to_datetime(one) for one in (text, headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
