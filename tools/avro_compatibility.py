"""Whether a reader with one Avro schema understands what a writer with another wrote, and if not, where and what to do.

The rules are those of schema resolution in Avro's specification, 1.12, which a registry's BACKWARD means too. Why they are
written out here: the library that has them, `avro`, names a field by its number, is no dependency otherwise, and passes over a
logical type that changes, which would make seconds of milliseconds; `fastavro`, which reads for us, resolves while it reads, so
that it finds a break only where a record has it. Tests hold these rules against a real registry and against `fastavro`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast

Schema = dict[str, Any]
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
_PROMOTIONS: Final[dict[str, frozenset[str]]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
"""As what a reader may take what was written as this."""


class Break(NamedTuple):
    """Something written that is not understood.

    Attributes:
        field: Path of the field, empty for the record itself.
        what: What is wrong.
        advice: What to do.
    """

    field: str
    what: str
    advice: str


def breaks(reader: Schema, writer: Schema) -> list[Break]:
    """Everything that keeps the reader from what the writer wrote; empty if nothing does.

    Args:
        reader: Schema of today's code.
        writer: Schema of the record.
    """
    if _full_name(reader) != _full_name(writer):
        told = f"is {_full_name(reader)} now and was {_full_name(writer)}"
        return [Break("", told, "keep the name: readers choose by it")]
    return list(_Pair(reader, writer).between(reader, writer, ""))


class _Pair:
    """Two schemas with the names that each defines."""

    def __init__(self, reader: Schema, writer: Schema) -> None:
        self._reader, self._writer = dict(_named(reader)), dict(_named(writer))
        self._seen: set[tuple[str, str]] = set()

    def between(self, now: Any, old: Any, path: str) -> Iterator[Break]:
        """What keeps `now` from reading `old`, both as they stand in their schemas."""
        now, old = _resolved(now, self._reader), _resolved(old, self._writer)
        if isinstance(old, list):
            for branch in cast("list[Any]", old):
                yield from self._of_branch(now, branch, path)
        elif isinstance(now, list):
            branches = cast("list[Any]", now)
            if not any(self._reads(branch, old) for branch in branches):
                yield _changed(path, _shown(branches), _shown(old))
        else:
            yield from self._of_types(now, old, path)

    def _of_branch(self, now: Any, branch: Any, path: str) -> Iterator[Break]:
        """A branch of the writer's union: whatever was chosen must be readable."""
        if isinstance(now, list) and not any(self._reads(one, branch) for one in cast("list[Any]", now)):
            told = _shown(_resolved(branch, self._writer))
            yield Break(path, f"may be {told} in old records, and is {_shown(now)} now", f"keep {told} in it")
        elif not isinstance(now, list):
            yield from self.between(now, branch, path)

    def _reads(self, now: Any, old: Any) -> bool:
        # What was seen on a way that led nowhere was not found sound.
        seen, self._seen = self._seen, set(self._seen)
        try:
            return next(self.between(now, old, ""), None) is None
        finally:
            self._seen = seen

    def _of_types(self, now: Schema, old: Schema, path: str) -> Iterator[Break]:
        kind, was = now["type"], old["type"]
        if now.get("logicalType") != old.get("logicalType"):
            yield _changed(path, _shown(now), _shown(old))
        elif kind != was:
            if kind not in _PROMOTIONS.get(was, ()):
                yield _changed(path, _shown(now), _shown(old))
        elif kind in {"record", "error"}:
            yield from self._of_records(now, old, path)
        elif kind == "enum":
            yield from _of_enums(now, old, path)
        elif kind == "fixed" and (now["size"] != old["size"] or not _same_name(now, old)):
            yield _changed(path, _shown(now), _shown(old))
        elif kind == "array":
            yield from self.between(now["items"], old["items"], f"{path}[]")
        elif kind == "map":
            yield from self.between(now["values"], old["values"], f"{path}{{}}")

    def _of_records(self, now: Schema, old: Schema, path: str) -> Iterator[Break]:
        if not _same_name(now, old):
            yield Break(path, f"is {now['name']} now and was {old['name']}", "keep the record's name")
            return
        met = (_full_name(now), _full_name(old))
        if met in self._seen:
            return
        self._seen.add(met)
        written = {field["name"]: field for field in old["fields"]}
        for field in now["fields"]:
            place = f"{path}.{field['name']}".removeprefix(".")
            names = (field["name"], *field.get("aliases", ()))
            before = next((written[name] for name in names if name in written), None)
            if before is not None:
                yield from self.between(field["type"], before["type"], place)
            elif "default" not in field:
                yield Break(
                    place,
                    "is not in old records and has no default",
                    "give it a default; if it is another field under a new name, keep the old name, or have both",
                )


def _of_enums(now: Schema, old: Schema, path: str) -> Iterator[Break]:
    if not _same_name(now, old):
        yield Break(path, f"is {now['name']} now and was {old['name']}", "keep the enum's name")
    gone = [symbol for symbol in old["symbols"] if symbol not in now["symbols"]]
    if gone and "default" not in now:
        told = ", ".join(gone)
        yield Break(path, f"may be {told} in old records, which it knows no more", f"keep {told}")


def _changed(path: str, now: str, was: str) -> Break:
    return Break(path, f"is {now} now and was {was}", "keep its type; for another one, add a new field")


def _resolved(schema: Any, names: dict[str, Schema]) -> Any:
    """A name as what it stands for, a primitive as an object; a union stays a list."""
    if isinstance(schema, str):
        return names.get(schema, {"type": schema})
    if isinstance(schema, dict):
        told = cast("Schema", schema)
        # {"type": {"type": "int"}} is allowed, and {"type": ["null", "int"]} too.
        return (
            told
            if isinstance(told["type"], str) and told["type"] not in names
            else _resolved(told["type"], names)
        )
    return schema


def _named(schema: Any, space: str = "") -> Iterator[tuple[str, Schema]]:
    """Every record, enum and fixed that a schema defines, by its names."""
    if isinstance(schema, list):
        for one in cast("list[Any]", schema):
            yield from _named(one, space)
    elif isinstance(schema, dict):
        told = cast("Schema", schema)
        kind = told.get("type")
        if isinstance(kind, str) and kind in _NAMED:
            space = told.get("namespace", space)
            yield told["name"], told
            yield f"{space}.{told['name']}", told
        for below in ("type", "items", "values"):
            yield from _named(told.get(below), space)
        for field in told.get("fields", ()):
            yield from _named(field, space)


def _full_name(schema: Schema) -> str:
    space, name = schema.get("namespace"), str(schema["name"])
    return f"{space}.{name}" if space and "." not in name else name


def _same_name(now: Schema, old: Schema) -> bool:
    names = {one.rpartition(".")[2] for one in (now["name"], *now.get("aliases", ()))}
    return old["name"].rpartition(".")[2] in names


def _shown(schema: Any) -> str:
    if isinstance(schema, list):
        return " or ".join(_shown(one) for one in cast("list[Any]", schema))
    if isinstance(schema, dict):
        told = cast("Schema", schema)
        kind = told["type"] if isinstance(told["type"], str) else _shown(told["type"])
        detail = told.get("logicalType") or told.get("name") or told.get("size")
        return f"{kind} ({detail})" if detail else kind
    return str(schema)
