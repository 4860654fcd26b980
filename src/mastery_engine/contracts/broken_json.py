"""What is wrong with bytes that are no JSON, told by field or by place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, Self, cast

from mastery_engine.contracts.event_words import printable
from mastery_engine.domain.errors import InvalidInput, Problem

_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_BEFORE: Final = 40
_AFTER: Final = 40
_NO_NUMBER: Final = (
    "must be a number that JSON can write; it has no NaN, no Infinity, and none beyond 1.8e308"
)


class _NoNumber(float):
    """A number that JSON does not have, with the text that was sent."""

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, "nan")
        made.text = text
        return made

    text: str


def not_utf8(raw: bytes) -> InvalidInput:
    """The refusal of bytes that are not UTF-8; the position counts from 1, from the beginning of what was sent.

    A reader of JSON names the place within its string, which nobody can find.

    Args:
        raw: Bytes that a reader refused.
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        rule = f"is not UTF-8: byte {error.start + 1} is 0x{raw[error.start]:02x}"
    else:
        rule = "is not UTF-8"
    return InvalidInput.of(Problem("", "", rule), reason="not_utf8")


def no_numbers(raw: bytes) -> Iterator[Problem]:
    """Fields with `NaN`, `Infinity` or a number beyond a double, where nothing else is wrong.

    Args:
        raw: UTF-8 that a strict reader refused.
    """
    try:
        value = json.loads(raw, parse_constant=_NoNumber, parse_float=_number)
    except (ValueError, RecursionError):
        return
    yield from _found(value, "")


def place_of(raw: bytes, error: Exception) -> str:
    """The text around the byte that an error of msgspec names; the beginning where it names none."""
    named = _BYTE.search(str(error))
    at = int(named[1]) if named else 0
    first = max(0, at - _BEFORE)
    text = printable(raw[first : at + _AFTER].decode("utf-8", "replace"))
    return f"{'…' if first else ''}{text}{'…' if at + _AFTER < len(raw) else ''}"


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _NoNumber(text)


def _found(value: object, path: str) -> Iterator[Problem]:
    if isinstance(value, _NoNumber):
        yield Problem(path, value.text[:100], _NO_NUMBER)
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _found(inner, f"{path}.{printable(name[:50])}".lstrip("."))
    elif isinstance(value, list):
        for place, inner in enumerate(cast("list[Any]", value)):
            yield from _found(inner, f"{path}[{place}]")
