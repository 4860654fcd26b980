"""Requests as types: every field that breaks its rule is told, and so is every one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import Struct

from mastery_engine.contracts.event_words import shown, shown_name
from mastery_engine.contracts.field_words import value_problems
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_PROBLEMS: Final = 100
"""An answer of many times the size of what was asked would help nobody but who wants to do harm."""
_SHOWN: Final = 100
Model = TypeVar("Model", bound=Struct)


def model_of(value: object, model: type[Model], field: str = "") -> Model:
    """A request model from decoded JSON.

    Args:
        value: What was sent.
        model: What it should be.
        field: Where it stood in what was sent; empty for the whole.

    Raises:
        InvalidInput: Every field that breaks its rule, unknown fields included, up to `MOST_PROBLEMS`.
    """
    if not isinstance(value, dict):
        raise InvalidInput.of(Problem(field, shown(value), "must be a JSON object"))
    found = _problems(cast("dict[str, Any]", value), model, f"{field}." if field else "")
    problems = tuple(islice(found, MOST_PROBLEMS))
    if problems:
        raise InvalidInput.of(*problems)
    return msgspec.convert(value, model)


def _problems(fields: dict[str, Any], model: type[Struct], prefix: str) -> Iterator[Problem]:
    known = {field.encode_name: field for field in msgspec.structs.fields(model)}
    for name, value in fields.items():
        if name not in known:
            rule = f"is not known; known are {', '.join(known)}"
            yield Problem(f"{prefix}{shown_name(name)}"[:_SHOWN], shown(value), rule)
    for name, field in known.items():
        if name not in fields:
            if field.required:
                yield Problem(f"{prefix}{name}", "absent", "is required")
            continue
        value: object = fields[name]
        inner: object = field.type
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            yield from _problems(cast("dict[str, Any]", value), inner, f"{prefix}{name}.")
            continue
        yield from value_problems(f"{prefix}{name}", cast("object", inner), cast("object", value))
