"""What is wrong with a field of a request, in the words in which events are judged too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, cast

import msgspec
from msgspec import inspect

from mastery_engine.contracts.event_words import MOST_IN_A_FIELD, broken, shown
from mastery_engine.domain.errors import Problem

_LONGEST_RULE: Final = 500


def value_problems(name: str, expected: object, value: object) -> Iterator[Problem]:
    """Every rule that a field of a body breaks.

    Args:
        name: Path of the field.
        expected: Its type.
        value: Decoded JSON.
    """
    told = False
    for path, below, rule in islice(broken(inspect.type_info(expected), value), MOST_IN_A_FIELD):
        told = True
        yield Problem(name + path, shown(below), rule)
    if not told:
        yield from _as_the_library_says(name, expected, value, strict=True)


def text_problems(name: str, expected: object, text: str) -> Iterator[Problem]:
    """Every rule that a parameter breaks, which is text whatever it stands for."""
    kind = inspect.type_info(expected)
    inner = kind.type if isinstance(kind, inspect.Metadata) else kind
    wanted, cls = _WRITTEN.get(type(inner), ("", str))
    try:
        value = cast("object", msgspec.convert(text, cls, strict=False))
    except msgspec.ValidationError:
        yield Problem(name, shown(text), f"must be {wanted}")
        return
    told = False
    for _, _, rule in broken(kind, value):
        told = True
        yield Problem(name, shown(text), rule)
    if not told:
        yield from _as_the_library_says(name, expected, text, strict=False)


def _as_the_library_says(name: str, expected: object, value: object, *, strict: bool) -> Iterator[Problem]:
    """What no words here are for; cut, since it may say again what was sent, however long."""
    try:
        msgspec.convert(value, expected, strict=strict)
    except msgspec.ValidationError as error:
        rule = str(error)[:_LONGEST_RULE]
        yield Problem(name, shown(value), rule[0].lower() + rule[1:])


_WRITTEN: Final[dict[type[inspect.Type], tuple[str, type[Any]]]] = {
    inspect.IntType: ("an integer", int),
    inspect.BoolType: ("true or false", bool),
}
