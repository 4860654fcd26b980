"""Avro's binary encoding, as one Python function for each schema.

Fastavro finds its way through the schema again for every value, and half of what a worker needs to send went there; a function
that is written once for its schema takes a third of the time. It knows only what schemas of the contracts hold, and tests
compare every byte with fastavro's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final, cast, final

Schema = dict[str, Any]
_TABLED: Final = 1_024
_MORE: Final = 0x80
_SIX_BYTES: Final = (1 << 34, 1 << 41)
"""Moments in milliseconds are such numbers until 2039, and each output has one."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


def encoder(
    schema: Schema,
    instead: Mapping[str, Callable[[Any], Any]] | None = None,
    words: Collection[str] = (),
) -> Callable[[Any], bytes]:
    """The function that encodes an object by a record's schema.

    Args:
        schema: As JSON gives it, of primitives, dates, records, arrays, maps, and unions of null with one other type.
        instead: What stands for a field of the outermost record, made of the object; others are attributes of it.
        words: Names of fields, in any of the records, that hold one of a few strings: their encodings are kept.

    Raises:
        TypeError: The schema holds a type that the contracts do not use.
    """
    makers = instead or {}
    writer = _Writer(words)
    name = writer.function(schema, makers)
    scope: dict[str, Any] = {
        "number": _Numbers(),
        "word": _Words(),
        "double": struct.Struct("<d").pack,
        "EPOCH": _EPOCH,
        **{f"make_{field}": maker for field, maker in makers.items()},
    }
    # The source is made of the field names of our own schemas and of nothing from outside.
    exec("\n".join(writer.source), scope)  # nosec B102  # noqa: S102
    return cast("Callable[[Any], bytes]", scope[name])


def long(number: int) -> bytes:
    """A whole number of 64 bits: zigzag, then seven bits a byte, the lowest first."""
    left = number << 1 if number >= 0 else (-number << 1) - 1
    encoded = bytearray()
    while left >= _MORE:
        encoded.append(left & 0x7F | _MORE)
        left >>= 7
    encoded.append(left)
    return bytes(encoded)


@final
class _Numbers(dict[int, bytes]):
    """Encodings of whole numbers, the small ones at hand, and moments without a loop."""

    def __init__(self) -> None:
        super().__init__((number, long(number)) for number in range(_TABLED))

    def __missing__(self, number: int) -> bytes:
        if _SIX_BYTES[0] <= number < _SIX_BYTES[1]:
            n = number << 1
            return bytes(
                (
                    n & 0x7F | _MORE,
                    n >> 7 & 0x7F | _MORE,
                    n >> 14 & 0x7F | _MORE,
                    n >> 21 & 0x7F | _MORE,
                    n >> 28 & 0x7F | _MORE,
                    n >> 35,
                )
            )
        return long(number)


@final
class _Words(dict[str, bytes]):
    """Encodings of strings that come again and again, kept for the first so many."""

    def __missing__(self, text: str) -> bytes:
        data = text.encode()
        encoded = long(len(data)) + data
        if len(self) < _TABLED:
            self[text] = encoded
        return encoded


@final
class _Writer:
    """Writes the functions of a schema and of the records in it.

    Attributes:
        source: Lines of Python.
    """

    def __init__(self, words: Collection[str]) -> None:
        self.source: list[str] = []
        self._functions: dict[str, str] = {}
        self._words = words

    def function(self, schema: Schema, made: Collection[str] = ()) -> str:
        """Write the function of a record; returns its name."""
        parts = [
            self._part(
                field["type"],
                f"make_{field['name']}(it)" if field["name"] in made else f"it.{field['name']}",
                is_word=field["name"] in self._words,
            )
            for field in schema["fields"]
        ]
        name = f"record_{len(self._functions)}"
        self._functions[schema["name"]] = name
        self.source += [f"def {name}(it):", f"    return b''.join(({', '.join(parts)},))"]
        return name

    def _part(self, schema: Any, value: str, *, is_word: bool = False) -> str:  # noqa: PLR0911 - one for each kind of type
        """Expressions, with commas between them, whose bytes together encode the value of an expression."""
        if isinstance(schema, list):
            return self._optional(cast("list[Any]", schema), value, is_word=is_word)
        told: Schema = {"type": schema} if isinstance(schema, str) else schema
        kind = told["type"]
        if kind == "record":
            return f"{self.function(told)}({value})"
        if kind == "array":
            return _blocks(f"[{_joined(self._part(told['items'], 'one'))} for one in some]", value)
        if kind == "map":
            item = f"word[one], {self._part(told['values'], 'some[one]')}"
            return _blocks(f"[b''.join(({item},)) for one in some]", value)
        if told.get("logicalType") == "date":
            return f"number[{value}.toordinal() - EPOCH]"
        if kind in self._functions:
            return f"{self._functions[kind]}({value})"
        if kind == "string" and is_word:
            return f"word[{value}]"
        if kind not in _PRIMITIVES:
            raise TypeError(f"Avro type {kind!r} is not written here")
        return _PRIMITIVES[kind].format(value)

    def _optional(self, branches: list[Any], value: str, *, is_word: bool) -> str:
        if len(branches) != 2 or "null" not in branches:  # noqa: PLR2004 - null and another
            raise TypeError(f"Avro union {branches} is not written here")
        place = branches.index("null")
        something = self._part(branches[1 - place], "known", is_word=is_word)
        return (
            f"{long(place)!r} if (known := {value}) is None else b''.join(({long(1 - place)!r}, {something}))"
        )


def _joined(parts: str) -> str:
    """One expression of several; the function of a record gives one already."""
    return parts if parts.startswith("record_") else f"b''.join(({parts},))"


def _blocks(items: str, value: str) -> str:
    """The items of an array or a map in one block, and the empty block that ends it."""
    return f"b''.join((number[len(some)], *{items}, b'\\0')) if (some := {value}) else b'\\0'"


_PRIMITIVES: Final = {
    "string": "number[len(text := {}.encode())], text",
    "bytes": "number[len(data := {})], data",
    "double": "double({})",
    "long": "number[{}]",
    "int": "number[{}]",
    "boolean": "b'\\1' if {} else b'\\0'",
}
