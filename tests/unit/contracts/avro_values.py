"""Values that a schema describes, and fastavro's word on them."""

from __future__ import annotations

import io
from typing import Any, cast

import fastavro
from hypothesis import strategies as st
from msgspec import Struct

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.outputs import OUTPUT_CLASSES
from mastery_engine.domain.events import EVENT_CLASSES

CLASSES: tuple[type[Struct], ...] = (*EVENT_CLASSES, *OUTPUT_CLASSES, DeadLetter)
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "bytes": st.binary(),
    "double": st.floats(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "null": st.none(),
}


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value that a schema describes."""
    if isinstance(schema, list):
        return st.one_of([values(one, named) for one in cast("list[Any]", schema)])
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else values(named[schema], named)
    kind = schema["type"]
    if kind == "record":
        named[schema["name"]] = schema
        return st.fixed_dictionaries({one["name"]: values(one["type"], named) for one in schema["fields"]})
    if kind == "array":
        return st.lists(values(schema["items"], named), max_size=4)
    if kind == "map":
        return st.dictionaries(st.text(), values(schema["values"], named), max_size=4)
    return st.dates() if schema.get("logicalType") == "date" else PRIMITIVES[kind]


def by_fastavro(schema: Any, fields: Any) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), fields)
    return stream.getvalue()


def read_by_fastavro(schema: Any, encoded: bytes) -> Any:
    """What is there; an error if it does not end where the bytes do."""
    stream = io.BytesIO(encoded)
    value = cast("Any", fastavro.schemaless_reader)(stream, fastavro.parse_schema(schema), None)
    assert stream.tell() == len(encoded)
    return value
