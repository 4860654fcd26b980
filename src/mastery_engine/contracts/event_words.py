"""What is wrong with the fields of events and requests, in words with the rule's numbers, found from the types themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Annotated, Any, Final, NamedTuple, cast, get_args

import msgspec
from msgspec import inspect

from mastery_engine.domain.errors import Problem
from mastery_engine.domain.events import Difficulty, Event, EventId, ItemId, StudentId, TenantId

RULE: Final = "rule"
"""Name of what a `Meta` says in its `extra` of a text that breaks its pattern."""
MOST_IN_A_FIELD: Final = 10
"""Problems told of one list or object; the first ones show what is wrong with all."""
_SHOWN: Final = 100
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,50}\Z")
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "true or false"),
    (int, "an integer"),
    (float, "a number with a decimal point"),
    (str, "text"),
    (list, "a list"),
    (tuple, "a list"),
    (dict, "an object"),
)

_Found = Iterator[tuple[str, object, str]]
"""Path below the field, value and rule of what is wrong."""


def shown(value: object) -> str:
    """A value as it is told: at most 100 characters, those that cannot be printed escaped."""
    if isinstance(value, float) and not isfinite(value):
        # JSON has no word for it, and `null` would be told of what was no null.
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    # What follows is not told; no character gets shorter by being escaped.
    text = printable(text[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def shown_name(name: str) -> str:
    """The name of a field that nobody knows, as it is told: cut and escaped like a value."""
    return printable(name[:_SHOWN])[:_SHOWN]


def printable(text: str) -> str:
    """The text with what cannot be printed escaped.

    Control characters could rewrite a terminal's line, and direction marks turn it round.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def field_problems(fields: Mapping[str, Any], cls: type[Event]) -> Iterator[Problem]:
    """Every broken rule of the types, in the order of the fields.

    Args:
        fields: An event as decoded JSON.
        cls: Its class.
    """
    for field in _fields_of(cls):
        if field.name not in fields:
            if field.required:
                rule = f"is required in {cls.__struct_config__.tag}"
                yield Problem(field.name, "absent", rule)
            continue
        for path, value, rule in islice(broken(field.type, fields[field.name]), MOST_IN_A_FIELD):
            words = _TIMESTAMP if field.name == "timestamp" and isinstance(value, str) else rule
            yield Problem(field.name + path, shown(value), words)


class _Field(NamedTuple):
    name: str
    required: bool
    type: inspect.Type


@lru_cache(maxsize=32)
def _fields_of(cls: type[Event]) -> tuple[_Field, ...]:
    return tuple(
        _Field(field.encode_name, field.required, inspect.type_info(field.type))
        for field in msgspec.structs.fields(cls)
    )


def broken(kind: inspect.Type, value: object) -> _Found:
    """Every broken rule of a value: the path below it, the value there, and the rule; none of a type that is not known here.

    Args:
        kind: What it should be. Where a `Meta` has an `extra` of the name `RULE`, that says what a text must be.
        value: Decoded JSON.
    """
    judge = _JUDGES.get(type(kind))
    return iter(()) if judge is None else judge(kind, value)


def _described(kind: inspect.Metadata, value: object) -> _Found:
    words = cast("dict[str, str]", kind.extra or {}).get(RULE)
    for path, below, rule in broken(kind.type, value):
        yield path, below, words if words and isinstance(value, str) else rule


def _any_of(kind: inspect.UnionType, value: object) -> _Found:
    """The unions of the events are a type, and null where it may be left out."""
    some = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if value is not None or len(some) == len(kind.types):
        yield from broken(some[0], value)


def _number(kind: inspect.IntType | inspect.FloatType, value: object) -> _Found:
    wanted, types = ("an integer", int) if isinstance(kind, inspect.IntType) else ("a number", (int, float))
    if not isinstance(value, types) or isinstance(value, bool):
        yield "", value, _not(value, wanted)
    elif kind.ge is not None and not value >= kind.ge:
        yield "", value, f"must be >= {kind.ge:.15g}"
    elif kind.le is not None and not value <= kind.le:
        yield "", value, f"must be <= {kind.le:.15g}"


def _truth(kind: inspect.BoolType, value: object) -> _Found:
    del kind
    if not isinstance(value, bool):
        yield "", value, _not(value, "true or false")


def _one_of(kind: inspect.LiteralType, value: object) -> _Found:
    if value not in kind.values:
        words = _IN_ORDER.get(frozenset(kind.values), kind.values)
        yield "", value, f"must be one of {', '.join(map(str, words))}"


def _day(kind: inspect.DateType, value: object) -> _Found:
    del kind
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        yield "", value, "must be a day such as 2026-01-31"


def _moment(kind: inspect.DateTimeType, value: object) -> _Found:
    try:
        msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=kind.tz)])
    except msgspec.ValidationError:
        yield "", value, "must be a moment with an offset, such as 2026-01-31T12:00:00Z"


def _text(kind: inspect.StrType, value: object) -> _Found:
    if not isinstance(value, str):
        yield "", value, _not(value, "text")
    elif kind.pattern is not None and not re.search(kind.pattern, value):
        yield "", value, _FORMS.get(kind.pattern, f"must match {kind.pattern}")
    elif kind.min_length is not None and len(value) < kind.min_length:
        yield "", value, "must not be empty"
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield "", value, f"must have at most {kind.max_length} characters; it has {len(value)}"


def _entries(kind: inspect.DictType, value: object) -> _Found:
    if not isinstance(value, dict):
        yield "", value, _not(value, "an object")
        return
    entries = cast("dict[str, object]", value)
    if kind.max_length is not None and len(entries) > kind.max_length:
        yield "", value, f"must have at most {kind.max_length} entries; it has {len(entries)}"
        return
    for key, one in entries.items():
        path = f".{key}" if _PLAIN_KEY.match(key) else f'["{shown(key)}"]'
        for _, _, rule in broken(kind.key_type, key):
            yield path, key, f"as a key, {rule}"
        for below, inner, rule in broken(kind.value_type, one):
            yield path + below, inner, rule


def _items(kind: inspect.VarTupleType | inspect.ListType, value: object) -> _Found:
    if not isinstance(value, list | tuple):
        yield "", value, _not(value, "a list")
        return
    items = cast("list[object]", value)
    if kind.max_length is not None and len(items) > kind.max_length:
        yield "", value, f"must have at most {kind.max_length} items; it has {len(items)}"
        return
    if kind.min_length is not None and len(items) < kind.min_length:
        yield "", value, f"must have at least {kind.min_length} {'item' if kind.min_length == 1 else 'items'}"
        return
    yield from _places((kind.item_type, item) for item in items)


def _row(kind: inspect.TupleType, value: object) -> _Found:
    length = len(kind.item_types)
    if not isinstance(value, list | tuple):
        yield "", value, _not(value, f"a list of {length}")
        return
    items = cast("list[object]", value)
    if len(items) != length:
        yield "", value, f"must have {length} items; it has {len(items)}"
        return
    yield from _places(zip(kind.item_types, items, strict=True))


def _places(items: Iterable[tuple[inspect.Type, object]]) -> _Found:
    """What is wrong with the items of a list, each with its type, by their places."""
    for place, (kind, item) in enumerate(items):
        for below, inner, rule in broken(kind, item):
            yield f"[{place}]{below}", inner, rule


def _parts(kind: inspect.StructType, value: object) -> _Found:
    if not isinstance(value, dict):
        yield "", value, _not(value, "an object")
        return
    parts = cast("dict[str, object]", value)
    known = {field.encode_name: field for field in kind.fields}
    if kind.cls.__struct_config__.forbid_unknown_fields:
        for name in (one for one in parts if one not in known):
            yield f".{shown_name(name)}", parts[name], f"is not known; known are {', '.join(known)}"
    for name, field in known.items():
        if name in parts:
            for below, inner, rule in broken(field.type, parts[name]):
                yield f".{name}{below}", inner, rule
        elif field.required:
            yield f".{name}", "absent", "is required"


def _not(value: object, wanted: str) -> str:
    is_kind = next((name for kind, name in _KINDS if isinstance(value, kind)), "null")
    return f"must be {wanted}, not {is_kind}"


def _pattern(constrained: object) -> str:
    kind = inspect.type_info(constrained)
    inner = kind.type if isinstance(kind, inspect.Metadata) else kind
    assert isinstance(inner, inspect.StrType)  # noqa: S101 - the types with a pattern are texts
    assert inner.pattern is not None  # noqa: S101 - as above
    return inner.pattern


_JUDGES: Final[dict[type, Callable[[Any, object], _Found]]] = {
    inspect.Metadata: _described,
    inspect.UnionType: _any_of,
    inspect.StrType: _text,
    inspect.IntType: _number,
    inspect.FloatType: _number,
    inspect.BoolType: _truth,
    inspect.LiteralType: _one_of,
    inspect.DateType: _day,
    inspect.DictType: _entries,
    inspect.DateTimeType: _moment,
    inspect.VarTupleType: _items,
    inspect.TupleType: _row,
    inspect.ListType: _items,
    inspect.StructType: _parts,
}
# `inspect` sorts the words of a Literal.
_IN_ORDER: Final = {frozenset(get_args(Difficulty)): get_args(Difficulty)}
_TIMESTAMP: Final = "must be ISO 8601 with an offset (2026-01-31T12:00:00Z), or integer milliseconds"
_FORMS: Final[dict[str, str]] = {
    _pattern(EventId): "must be a UUID such as 0189c6b2-6d5e-7c3a-9f01-2b3c4d5e6f70",
    _pattern(TenantId): "must be 1 to 50 of a-z 0-9 _ and -, the first one a letter or a digit",
    _pattern(StudentId): "must be 1 to 50 of A-Z a-z 0-9 _ and -",
    _pattern(ItemId): "must be 1 to 100 of A-Z a-z 0-9 . _ : and -",
}
