"""Avro's binary decoding, as one Python function for each schema; the other half of `avro_encoding`, and for the same reason.

A function gives fields or raises, and never reads past a doubt: whoever calls it reads again with fastavro what it doubted,
and so has one account of what is wrong. Tests compare the two on every record and on broken ones.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from typing import Any, Final, cast, final

Schema = dict[str, Any]
DOUBTS: Final = (ValueError, IndexError, OverflowError, struct.error)
"""What a function raises on bytes that it does not take for a record."""
_MORE: Final = 0x80
_MOST_SHIFT: Final = 63
_EPOCH: Final = date(1970, 1, 1).toordinal()


def decoder(schema: Schema) -> Callable[[bytes, int], dict[str, Any]]:
    """The function that decodes what lies from a place to the end by a record's schema.

    Args:
        schema: As JSON gives it, of primitives, dates, records, arrays, maps, and unions of null with one other type.

    Raises:
        TypeError: The schema holds a type that the contracts do not use.
    """
    writer = _Writer()
    name = writer.function(schema)
    scope: dict[str, Any] = {
        "long": long_at,
        "size": _size_at,
        "double": struct.Struct("<d").unpack_from,
        "day": date.fromordinal,
        "EPOCH": _EPOCH,
    }
    # The source is made of the field names of our own schemas and of nothing from outside.
    exec("\n".join(writer.source), scope)  # nosec B102  # noqa: S102
    read = cast("Callable[[bytes, int], tuple[dict[str, Any], int]]", scope[name])

    def whole(data: bytes, place: int) -> dict[str, Any]:
        fields, end = read(data, place)
        if end != len(data):
            raise ValueError("the record ends elsewhere than its bytes")
        return fields

    return whole


def long_at(data: bytes, place: int) -> tuple[int, int]:
    """A whole number at a place, and the place behind it.

    Raises:
        ValueError: It has more than 64 bits.
        IndexError: It does not end.
    """
    byte = data[place]
    number, shift = byte & 0x7F, 7
    while byte & _MORE:
        if shift > _MOST_SHIFT:
            raise ValueError("a number has more than 64 bits")
        place += 1
        byte = data[place]
        number |= (byte & 0x7F) << shift
        shift += 7
    return number >> 1 ^ -(number & 1), place + 1


def _size_at(data: bytes, place: int) -> tuple[int, int]:
    size, place = long_at(data, place)
    if size < 0:
        raise ValueError("something is shorter than nothing")
    return size, place


@final
class _Writer:
    """Writes the functions of a schema and of the records in it: from bytes `b` and place `p`, the fields and the place behind.

    Attributes:
        source: Lines of Python.
    """

    def __init__(self) -> None:
        self.source: list[str] = []
        self._functions: dict[str, str] = {}
        self._variables = 0

    def function(self, schema: Schema) -> str:
        """Write the function of a record; returns its name."""
        lines: list[str] = []
        told: list[str] = []
        for field in schema["fields"]:
            variable = self._variable()
            lines += self._part(field["type"], variable)
            told.append(f"{field['name']!r}: {variable}")
        name = f"record_{len(self._functions)}"
        self._functions[schema["name"]] = name
        self.source += [
            f"def {name}(b, p):",
            *_within(lines),
            f"    return {{{', '.join(told)}}}, p",
        ]
        return name

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _part(self, schema: Any, to: str) -> list[str]:  # noqa: PLR0911 - one for each kind of type
        """Lines that put the next value into a variable."""
        if isinstance(schema, list):
            return self._optional(cast("list[Any]", schema), to)
        told: Schema = {"type": schema} if isinstance(schema, str) else schema
        kind = told["type"]
        if kind == "record":
            return [f"{to}, p = {self.function(told)}(b, p)"]
        if kind == "array":
            one = self._variable()
            return _blocks(to, "[]", [*self._part(told["items"], one), f"{to}.append({one})"])
        if kind == "map":
            name, one = self._variable(), self._variable()
            item = [*self._part("string", name), *self._part(told["values"], one), f"{to}[{name}] = {one}"]
            return _blocks(to, "{}", item)
        if told.get("logicalType") == "date":
            return [*self._part("int", to), f"{to} = day({to} + EPOCH)"]
        if kind in self._functions:
            return [f"{to}, p = {self._functions[kind]}(b, p)"]
        if kind not in _PRIMITIVES:
            raise TypeError(f"Avro type {kind!r} is not read here")
        return [line.replace("TO", to) for line in _PRIMITIVES[kind]]

    def _optional(self, branches: list[Any], to: str) -> list[str]:
        if len(branches) != 2 or "null" not in branches:  # noqa: PLR2004 - null and another
            raise TypeError(f"Avro union {branches} is not read here")
        place = branches.index("null")
        return [
            "n = b[p]",
            "p += 1",
            f"if n == {place * 2}:",
            f"    {to} = None",
            f"elif n == {2 - place * 2}:",
            *_within(self._part(branches[1 - place], to)),
            "else:",
            "    raise ValueError('a union has no such branch')",
        ]


def _within(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _blocks(to: str, empty: str, item: list[str]) -> list[str]:
    """The items of an array or a map, which come in blocks; an empty one ends them."""
    count = f"count_{to}"
    return [
        f"{to} = {empty}",
        f"{count}, p = size(b, p)",
        f"while {count}:",
        f"    for _ in range({count}):",
        *_within(_within(item)),
        f"    {count}, p = size(b, p)",
    ]


_SLICE: Final = [
    "n = b[p]",
    "q = p + 1",
    "if n & 129:",
    "    n, q = size(b, p)",
    "    p = q + n",
    "else:",
    "    p = q + (n >> 1)",
]
"""`b[q:p]` is what is there, behind a size that is most often of one byte. One that ends too early is found in the end."""
_LONG: Final = [
    "TO = b[p]",
    "if TO & 128:",
    "    TO, p = long(b, p)",
    "else:",
    "    TO = TO >> 1 ^ -(TO & 1)",
    "    p += 1",
]
_PRIMITIVES: Final = {
    "string": [*_SLICE, "TO = b[q:p].decode()"],
    "bytes": [*_SLICE, "TO = b[q:p]"],
    "double": ["TO = double(b, p)[0]", "p += 8"],
    "long": _LONG,
    "int": _LONG,
    "boolean": [
        "TO = b[p]",
        "p += 1",
        "if TO > 1:",
        "    raise ValueError('neither true nor false')",
        "TO = TO == 1",
    ],
}
