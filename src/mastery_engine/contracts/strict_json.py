"""JSON from strangers: read in one way only, or refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import Any, Final, cast

import msgspec

from mastery_engine.contracts.broken_json import not_utf8
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_DEPTH: Final = 10
MOST_VALUES: Final = 500_000
"""Commas, of text too: a thousand events with a year of days each have fewer."""
MOST_MARKS: Final = 200_000
"""Colons and opening brackets, of text too. What few megabytes can make of them keeps a processor busy for a second."""
_MARKS: Final = (b":", b"[", b"{")
_SPACED: Final = re.compile(rb'"[ \t\r\n]+:')


def decode_strictly(raw: bytes, most_depth: int = MOST_DEPTH) -> object:
    """Decode JSON that every parser reads alike.

    Args:
        raw: UTF-8.
        most_depth: Most levels of arrays and objects.

    Raises:
        InvalidInput: It is no JSON (`NaN` and numbers beyond a double are none), not UTF-8, nested too deep, has more values
            than anybody needs to send, or an object has a name twice.
    """
    if raw.count(b",") > MOST_VALUES or sum(map(raw.count, _MARKS)) > MOST_MARKS:
        rule = f"holds too much: at most {MOST_VALUES} values, and {MOST_MARKS} names, arrays and objects; send less at once"
        raise InvalidInput.of(Problem("", "", rule), reason="too_many_values")
    try:
        value = _decoder(most_depth).decode(raw)
        # A name that stands twice is one value to one parser and another to the next; msgspec cannot tell.
        json.loads(raw.decode(), object_pairs_hook=_unique)
    except (msgspec.ValidationError, RecursionError) as error:
        if "out of range" in str(error):
            rule = "is not JSON: holds a number that is too large"
            raise InvalidInput.of(Problem("", "", rule), reason="not_json") from None
        raise _too_deep(most_depth) from None
    except UnicodeDecodeError:
        raise not_utf8(raw) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput.of(Problem("", "", f"is not JSON: {error}"), reason="not_json") from None
    return value


@cache
def _decoder(depth: int) -> msgspec.json.Decoder[object]:
    """Takes any JSON of so many levels: what is too deep is refused where it begins, and not looked for afterwards."""
    scalar = str | int | float | bool | None
    level: Any = scalar
    for _ in range(depth):
        level = dict[str, level] | list[level] | scalar
    return msgspec.json.Decoder(level)


def name_twice(raw: bytes) -> Problem | None:
    """What is wrong with JSON in which an object has a name twice; None for all else, broken JSON too.

    Quick for what is sound: without a backslash each `":` ends a name, so that they and the names are as many.
    """
    try:
        value: object = msgspec.json.decode(raw)
        if b"\\" not in raw and raw.count(b'":') == _names(value) and not _SPACED.search(raw):
            return None
        json.loads(raw.decode(), object_pairs_hook=_unique)
    except InvalidInput as error:
        return error.problems[0]
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return None


def _names(value: object) -> int:
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    own = len(inner) if isinstance(value, dict) else 0
    return own + sum(map(_names, inner))


def _too_deep(most: int) -> InvalidInput:
    return InvalidInput.of(Problem("", "", f"is nested too deep: at most {most} levels"), reason="too_deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Counted once: a stranger may send a hundred thousand names, and the last of them twice.
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise InvalidInput.of(
            Problem(twice[:100], "twice", "must stand once in its object"), reason="duplicate_name"
        )
    return found
