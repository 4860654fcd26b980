"""JSON from strangers: read in one way only, or refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final, cast

import msgspec

from mastery_engine.contracts.broken_json import not_utf8
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_DEPTH: Final = 10
_SPACED: Final = re.compile(rb'"[ \t\r\n]+:')


def decode_strictly(raw: bytes, most_depth: int = MOST_DEPTH) -> object:
    """Decode JSON that every parser reads alike.

    Args:
        raw: UTF-8.
        most_depth: Most levels of arrays and objects.

    Raises:
        InvalidInput: It is no JSON (`NaN` and numbers beyond a double are none), not UTF-8, nested too deep,
            or an object has a name twice.
    """
    try:
        value: object = msgspec.json.decode(raw)
        _check_depth(value, most_depth)
        # A name that stands twice is one value to one parser and another to the next; msgspec cannot tell.
        json.loads(raw.decode(), object_pairs_hook=_unique)
    except RecursionError:
        raise _too_deep(most_depth) from None
    except UnicodeDecodeError:
        raise not_utf8(raw) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput.of(Problem("", "", f"is not JSON: {error}"), reason="not_json") from None
    return value


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


def _check_depth(value: object, most: int) -> None:
    level = [value]
    for _ in range(most + 1):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += cast("dict[str, object]", one).values()
            elif isinstance(one, list):
                inner += cast("list[object]", one)
        if not any(isinstance(one, dict | list) for one in level):
            return
        level = inner
    raise _too_deep(most)


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
