"""Fields of all events with the kind of their values, taken from the domain's types; text to JSON values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal, TypeAlias, cast

import msgspec.inspect as kinds

from mastery_engine.domain.errors import Problem
from mastery_engine.domain.events import EVENT_CLASSES

Kind: TypeAlias = Literal["text", "integer", "number", "boolean", "dates", "moment"]
Json: TypeAlias = str | int | float | bool | list[str]
REQUIRED: Final = ("event_id", "event_type", "timestamp", "student_id", "source")
"""What every event must have: a file without one of these has no good line."""
METADATA: Final = "metadata."
BLANKS: Final = " \t"
"""What is taken off around a text of a table; whatever else looks like nothing is a part of it, and breaks the rule for ids."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@cache
def fields() -> dict[str, Kind]:
    """Dotted name of each field of an event, except those of metadata, to its kind."""
    found: dict[str, Kind] = {"event_type": "text"}
    for event_class in EVENT_CLASSES:
        found.update(_of_struct(cast("kinds.StructType", kinds.type_info(event_class)), ""))
    found["timestamp"] = "moment"
    return found


def kind_of(field: str) -> Kind | None:
    """Kind of a field's values, None for a name that no event has."""
    if field.startswith(METADATA) and len(field) > len(METADATA):
        return "text"
    return fields().get(field)


def from_text(field: str, kind: Kind, text: str) -> Json | Problem:
    """The value that a cell stands for; dates are parted by `;`, a moment may be integer milliseconds."""
    if kind == "text":
        return text.strip(BLANKS)
    text = text.strip()
    match kind:
        case "dates":
            return [part for piece in text.split(";") if (part := piece.strip())]
        case "moment":
            return int(text) if _INTEGER.match(text) else text
        case "integer":
            return int(text) if _INTEGER.match(text) else Problem(field, text[:100], "must be a whole number")
        case "number":
            return _number(field, text)
        case "boolean":
            truth = _TRUTH.get(text.lower())
            return Problem(field, text[:100], "must be true or false") if truth is None else truth


def _number(field: str, text: str) -> float | Problem:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    # Python would take 1_000 as well; a file that means it so is rather a mistake.
    if not math.isfinite(number) or "_" in text:
        return Problem(field, text[:100], "must be a number, with a point for decimals")
    return number


def _of_struct(struct: kinds.StructType, prefix: str) -> Iterator[tuple[str, Kind]]:
    for field in struct.fields:
        kind = _without_none(field.type)
        name = prefix + field.encode_name
        match kind:
            case kinds.StructType():
                yield from _of_struct(kind, f"{name}.")
            case kinds.IntType():
                yield name, "integer"
            case kinds.FloatType():
                yield name, "number"
            case kinds.BoolType():
                yield name, "boolean"
            case kinds.VarTupleType():
                yield name, "dates"
            case kinds.StrType() | kinds.LiteralType():
                yield name, "text"
            case _:
                # Only metadata is left, whose names are free.
                continue


def _without_none(kind: kinds.Type) -> kinds.Type:
    while isinstance(kind, (kinds.Metadata, kinds.UnionType)):
        if isinstance(kind, kinds.Metadata):
            kind = kind.type
        else:
            kind = next(member for member in kind.types if not isinstance(member, kinds.NoneType))
    return kind
