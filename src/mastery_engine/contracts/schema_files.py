"""Avro and JSON Schemas of the events, made from the types: the files in `schemas/` are this module's output."""

from __future__ import annotations

import json
import types
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.outputs import OUTPUT_CLASSES
from mastery_engine.contracts.student_export import schema_text
from mastery_engine.domain.events import EVENT_CLASSES, LearningEvent

NAMESPACE: Final = "com.learnflow.mastery.v1"
TYPE_FIELD: Final = "event_type"
TIMESTAMP_FIELD: Final = "timestamp"
_JSON_SCHEMA_ID: Final = f"urn:{NAMESPACE}:learning-event"
_PRIMITIVES: Final[dict[object, str]] = {
    str: "string",
    int: "long",
    float: "double",
    bool: "boolean",
    bytes: "bytes",
}


def schema_files() -> dict[str, str]:
    """Every schema file: name to contents.

    An Avro schema for each event, each output and the dead letter (record name = event type in CamelCase), and one JSON
    Schema for all events, and one for the export of a student.
    """
    files = {
        f"{cls.__name__}.avsc": _dumped(avro_schema(cls))
        for cls in (*EVENT_CLASSES, *OUTPUT_CLASSES, DeadLetter)
    }
    files["learning-event.schema.json"] = _dumped(json_schema())
    files["student-export.schema.json"] = schema_text()
    return files


def avro_schema(cls: type[Struct]) -> dict[str, Any]:
    """Avro schema of a record.

    Optional fields are unions that begin with null and default to it; every field that the type gives a default has it, so
    that a reader of this schema reads what older writers wrote.
    """
    return {**_Avro().record(cls), "namespace": NAMESPACE}


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the canonical JSON of an event; more lenient forms of it are accepted too."""
    (schema,), components = msgspec.json.schema_components([LearningEvent], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _JSON_SCHEMA_ID,
        "title": "LearningEvent",
        **_portable(schema),
        "$defs": _portable(components),
    }


class Pair(NamedTuple):
    """A tuple of two as the record that stands for it."""

    key: Any
    value: Any


class _Avro:
    """Translates one record; a nested record is written out once and named after that."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def record(self, cls: type[Struct]) -> dict[str, Any]:
        """The record of a struct."""
        self._known.add(cls.__name__)
        tag = cls.__struct_config__.tag
        fields: list[dict[str, Any]] = []
        if isinstance(tag, str):
            fields.append({"name": TYPE_FIELD, "type": "string", "default": tag})
        for field in msgspec.structs.fields(cls):
            fields.append(
                {"name": field.name, "type": self._type(field.type, f"{cls.__name__}_{field.name}")}
            )
            if field.name == TIMESTAMP_FIELD:
                fields[-1]["type"] = {"type": "long", "logicalType": "timestamp-millis"}
            if not field.required:
                fields[-1]["default"] = _default(field)
        doc = (cls.__doc__ or cls.__name__).strip().split("\n", 1)[0]
        return {"type": "record", "name": cls.__name__, "doc": doc, "fields": fields}

    def _type(self, annotation: Any, name: str) -> Any:  # noqa: PLR0911 - a case a line
        """Avro type of an annotation; `name` is for what has to be named and has no name of its own."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._type(arguments[0], name)
        if origin in {Union, types.UnionType}:
            others = [one for one in arguments if one is not type(None)]
            return ["null", *(self._type(one, name) for one in others)]
        if origin is Literal:
            return "string"
        if origin is dict:
            return {"type": "map", "values": self._type(arguments[1], name)}
        if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
            return {"type": "array", "items": self._type(arguments[0], name)}
        if origin is tuple:
            return self._pair(arguments, name)
        if annotation is date:
            return {"type": "int", "logicalType": "date"}
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            return annotation.__name__ if annotation.__name__ in self._known else self.record(annotation)
        return _PRIMITIVES[annotation]

    def _pair(self, arguments: tuple[Any, ...], name: str) -> dict[str, Any]:
        """A tuple of fixed length, such as a header, as a record."""
        fields = [
            {"name": key, "type": self._type(one, f"{name}_{key}")}
            for key, one in zip(Pair._fields, arguments, strict=True)
        ]
        return {"type": "record", "name": name, "fields": fields}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return msgspec.to_builtins(field.default)


def _portable(schema: Any) -> Any:
    r"""Patterns as every JSON Schema reader knows them: Python's `\Z` is `$` there."""
    text = json.dumps(schema)
    return json.loads(text.replace("\\\\Z", "$"))


def _dumped(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
