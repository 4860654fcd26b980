"""A mapping file: how the fields of events are called, and their values written, in somebody else's files.

    [columns]                       # their name = "ours"
    pupil = "student_id"
    "result.points" = "correct_answers"
    room = "metadata.room"

    [constants]                     # the same for every event, whatever the file says
    source = "school-app"

    [values.difficulty]             # their value = "ours"
    easy = "beginner"

It serves CSV and JSON lines alike; in JSON a name with dots leads into objects. A name that is ours already
needs no entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import msgspec
from msgspec import Struct

from mastery_engine.adapters.files.fields import METADATA, fields, kind_of
from mastery_engine.domain.errors import InvalidInput, Problem

Object: TypeAlias = dict[str, Any]
_SECTIONS: Final = ("columns", "constants", "values")


class FieldMapping(Struct, frozen=True, kw_only=True):
    """Other names and values, and constants.

    Attributes:
        columns: Their name, dotted, to ours.
        constants: Our field to its value in every event.
        values: Our field to their value, as text, to ours.
    """

    columns: Mapping[str, str] = {}
    constants: Mapping[str, Any] = {}
    values: Mapping[str, Mapping[str, Any]] = {}

    def with_constant(self, field: str, value: str | float | bool) -> FieldMapping:  # noqa: FBT001 - a value
        """The same, and one constant more, which overrides."""
        return msgspec.structs.replace(self, constants={**self.constants, field: value})

    def apply(self, sent: Object) -> Object:
        """An event of an object of a JSON line."""
        event = {name: value for name, value in sent.items() if name not in self.columns}
        for theirs, ours in self.columns.items():
            value = _find(sent, theirs)
            if value is not None:
                put(event, ours, _as_text(value) if ours.startswith(METADATA) else value)
        for field, translation in self.values.items():
            value = _find(event, field)
            if value is not None:
                put(event, field, translation.get(_as_text(value), value))
        for field, value in self.constants.items():
            put(event, field, value)
        return event


def load_mapping(path: Path) -> FieldMapping:
    """Read a mapping file.

    Raises:
        InvalidInput: It cannot be read, is no TOML, or names what no event has.
    """
    try:
        sections = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput.of(Problem("mapping", str(path), f"cannot be read: {error.strerror}")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.of(Problem("mapping", str(path), f"is no TOML: {error}")) from None
    problems = [
        Problem("mapping", name, f"is unknown; a mapping has {', '.join(_SECTIONS)}")
        for name, section in sections.items()
        if name not in _SECTIONS or not isinstance(section, dict)
    ]
    if problems:
        raise InvalidInput.of(*problems)
    mapping = FieldMapping(
        columns=dict(_leaves(sections.get("columns", {}))),
        constants=dict(_leaves(sections.get("constants", {}))),
        values={name: dict(table) for name, table in _tables(sections.get("values", {}))},
    )
    if unknown := _unknown_fields(mapping):
        raise InvalidInput.of(*unknown)
    return mapping


def put(event: Object, field: str, value: object) -> None:
    """Set a field, dotted into `metadata` and `components`."""
    name, dot, rest = field.partition(".")
    if not dot:
        event[name] = value
        return
    inner = event.get(name)
    # The object may be the sender's: it is copied, and not changed.
    event[name] = {**(cast("Object", inner) if isinstance(inner, dict) else {}), rest: value}


def _find(sent: Object, name: str) -> object:
    if name in sent:
        return sent[name]
    found: Any = sent
    for part in name.split("."):
        if not isinstance(found, dict):
            return None
        found = cast("Object", found).get(part)
    return found


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _leaves(table: Object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """TOML reads a bare dotted key as a table in a table: join the names again."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(cast("Object", value), f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _tables(values: Object, prefix: str = "") -> Iterator[tuple[str, Object]]:
    for name, table in values.items():
        inner = cast("Object", table) if isinstance(table, dict) else {}
        if inner and all(isinstance(value, dict) for value in inner.values()):
            yield from _tables(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, inner


def _unknown_fields(mapping: FieldMapping) -> list[Problem]:
    named: list[tuple[str, object]] = [("columns", ours) for ours in mapping.columns.values()]
    named += [("constants", ours) for ours in mapping.constants]
    named += [("values", ours) for ours in mapping.values]
    rule = f"is no field of an event; there are {', '.join(fields())} and {METADATA}NAME"
    return [
        Problem(f"mapping.{section}", str(ours)[:100], rule)
        for section, ours in named
        if not isinstance(ours, str) or kind_of(ours) is None
    ]
