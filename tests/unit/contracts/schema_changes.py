"""Ways to change a schema: those that a reader of the new one survives, and those that it does not."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


def record(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Quiz", "namespace": "test.v1", "fields": list(fields), **more}


def field(kind: Any, name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def inner(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "Inner", "fields": list(fields)}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "Level", "symbols": list(symbols), **more}


class Change(NamedTuple):
    """An older schema, and today's."""

    old: dict[str, Any]
    now: dict[str, Any]


class BadChange(NamedTuple):
    """The same, with the field that breaks and words of what is told.

    Attributes:
        stricter: A registry lets it pass.
    """

    old: dict[str, Any]
    now: dict[str, Any]
    field: str
    words: str
    stricter: bool = False


MILLIS: Final = {"type": "long", "logicalType": "timestamp-millis"}
MICROS: Final = {"type": "long", "logicalType": "timestamp-micros"}
LIST: Final = inner(field({"type": "array", "items": "Inner"}, "more"))

GOOD: Final[dict[str, Change]] = {
    "nothing": Change(record(field("string")), record(field("string"))),
    "other words": Change(record(field("string"), doc="old"), record(field("string", doc="new"))),
    "a new field with a default": Change(record(), record(field(["null", "string"], default=None))),
    "a field that went": Change(record(field("string")), record()),
    "other order": Change(record(field("int"), field("long", "b")), record(field("long", "b"), field("int"))),
    "a new name with the old as alias": Change(
        record(field("int")), record(field("int", "b", aliases=["a"]))
    ),
    "a wider number": Change(record(field("int")), record(field("double"))),
    "text as bytes": Change(record(field("string")), record(field("bytes"))),
    "may be absent now": Change(record(field("int")), record(field(["null", "int"]))),
    "may be absent and wider": Change(record(field("int")), record(field(["null", "long"]))),
    "may be more": Change(record(field(["null", "int"])), record(field(["null", "int", "string"]))),
    "a union of one": Change(record(field(["int"])), record(field("int"))),
    "a new symbol": Change(record(field(enum("up"))), record(field(enum("up", "down")))),
    "a symbol that went, with a default": Change(
        record(field(enum("up", "down"))), record(field(enum("up", default="up")))
    ),
    "a new field within": Change(
        record(field({"type": "array", "items": inner()})),
        record(field({"type": "array", "items": inner(field("int", "n", default=0))})),
    ),
    "a name used twice": Change(
        record(field(inner(field("int", "n"))), field("Inner", "b")),
        record(field(inner(field("long", "n"))), field("Inner", "b")),
    ),
    "a record of itself": Change(record(field(LIST)), record(field(LIST))),
}

BAD: Final[dict[str, BadChange]] = {
    "a new field without default": BadChange(
        record(), record(field("int")), "a", "is not in old records and has no default; give it a default"
    ),
    "a default that was removed": BadChange(
        record(), record(field(["null", "string"], "a")), "a", "has no default"
    ),
    "a new name without alias": BadChange(
        record(field("int")),
        record(field("int", "b")),
        "b",
        "another field under a new name, keep the old name",
    ),
    "another type": BadChange(
        record(field("string")), record(field("long")), "a", "is long now and was string; keep its type"
    ),
    "a narrower number": BadChange(
        record(field("long")), record(field("int")), "a", "is int now and was long"
    ),
    "a list that was one": BadChange(
        record(field("int")),
        record(field({"type": "array", "items": "int"})),
        "a",
        "is array now and was int",
    ),
    "never absent now": BadChange(
        record(field(["null", "int"], default=None)), record(field("int")), "a", "is int now and was null"
    ),
    "a branch that went": BadChange(
        record(field(["null", "int", "string"])), record(field(["null", "int"])), "a", "may be string in old"
    ),
    "none of the branches": BadChange(
        record(field("string")), record(field(["null", "int"])), "a", "is null or int now and was string"
    ),
    "a symbol that went": BadChange(
        record(field(enum("up", "down"))), record(field(enum("up"))), "a", "may be down in old records"
    ),
    "a new field without default within": BadChange(
        record(field({"type": "array", "items": inner()})),
        record(field({"type": "array", "items": inner(field("int", "n"))})),
        "a[].n",
        "has no default",
    ),
    "another type in a map": BadChange(
        record(field({"type": "map", "values": "string"})),
        record(field({"type": "map", "values": "int"})),
        "a{}",
        "is int now and was string",
    ),
    "another type where a name is used again": BadChange(
        record(field(inner(field("string", "n"))), field("Inner", "b")),
        record(field(inner(field("string", "n"))), field(inner(field("int", "n")) | {"name": "Other"}, "b")),
        "b",
        "is Other now and was Inner",
    ),
    "another size": BadChange(
        record(field({"type": "fixed", "name": "Id", "size": 8})),
        record(field({"type": "fixed", "name": "Id", "size": 16})),
        "a",
        "is fixed (Id) now",
    ),
    "another name of the record": BadChange(
        record(), record() | {"name": "Test"}, "", "is test.v1.Test now and was test.v1.Quiz; keep the name"
    ),
    "another name of a record within": BadChange(
        record(field(inner())), record(field(inner() | {"name": "Outer"})), "a", "is Outer now and was Inner"
    ),
    "another unit of time": BadChange(
        record(field(MILLIS)), record(field(MICROS)), "a", "is long (timestamp-micros) now", stricter=True
    ),
    "a number that was a day": BadChange(
        record(field({"type": "int", "logicalType": "date"})),
        record(field("int")),
        "a",
        "was int (date)",
        stricter=True,
    ),
}
