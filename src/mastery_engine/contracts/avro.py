"""Avro by Confluent's framing: a byte 0, the writer's schema id in four bytes, the record.

Writer schemas are anybody's; what is read is today's type. Where both are the same, nothing needs resolving.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, Literal, TypeVar, cast, final, get_args, get_origin

import fastavro
import msgspec
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType
from msgspec import Struct

from mastery_engine.contracts.avro_decoding import DOUBTS, decoder
from mastery_engine.contracts.avro_encoding import encoder
from mastery_engine.contracts.schema_files import NAMESPACE, TIMESTAMP_FIELD, TYPE_FIELD, avro_schema
from mastery_engine.domain.errors import InvalidInput, Problem

MAGIC: Final = b"\0"
FRAME_BYTES: Final = 5
_HEADER: Final = struct.Struct(">bI")
_MILLIS: Final = "timestamp-millis"
_REMEMBERED: Final = 8_192
Schema = dict[str, Any]
_read: Final = cast("Any", fastavro.schemaless_reader)
S = TypeVar("S", bound=Struct)


def schema_id_of(value: bytes) -> int:
    """The writer's schema id.

    Raises:
        InvalidInput: The value is not framed.
    """
    if not value.startswith(MAGIC):
        first = f"0x{value[0]:02x}" if value else "nothing"
        rule = 'begins with neither 0, as Avro in Confluent\'s framing does, nor "{", as JSON does'
        raise InvalidInput.of(Problem("", first, rule), reason="bad_framing")
    if len(value) < FRAME_BYTES:
        rule = "ends within the schema id"
        raise InvalidInput.of(Problem("", f"{len(value)} bytes", rule), reason="bad_framing")
    return cast("int", _HEADER.unpack_from(value)[1])


def schema_of(cls: type[Struct]) -> Schema:
    """Today's schema of a type, with moments as plain milliseconds."""
    return cast("Schema", _without_moments(avro_schema(cls)))


def record_name(cls: type[Struct]) -> str:
    """Full name of a type's record."""
    return f"{NAMESPACE}.{cls.__name__}"


def unknown_schema(schema_id: int, why: str) -> InvalidInput:
    """The refusal of a record whose schema is of no use here."""
    return InvalidInput.of(Problem("schema id", str(schema_id), why), reason="unknown_schema")


@final
class RecordReader(Generic[S]):
    """Reads records that one writer's schema describes as today's type."""

    def __init__(self, cls: type[S], schema_id: int, writer: Schema) -> None:
        """Prepare both schemas.

        Args:
            cls: Today's type.
            schema_id: Id of the writer's schema, for messages.
            writer: The writer's schema.

        Raises:
            InvalidInput: The writer's schema is none, or gives moments in another unit.
        """
        self._cls = cls
        self._schema_id = schema_id
        _check_moments(schema_id, writer)
        reader = schema_of(cls)
        try:
            self._writer = fastavro.parse_schema(_without_moments(writer))
        except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError) as error:
            raise unknown_schema(schema_id, f"is no schema: {error}") from None
        parsed = fastavro.parse_schema(reader)
        self._reader = None if _shape(self._writer) == _shape(parsed) else parsed
        self._decode = decoder(reader) if self._reader is None else None

    def fields(self, value: bytes) -> dict[str, Any]:
        """The fields of a framed record, as the type names them.

        Raises:
            InvalidInput: It ends too early or too late, or today's type cannot be made of it.
        """
        if self._decode is not None:
            try:
                return self._decode(value, FRAME_BYTES)
            except DOUBTS:
                return self._by_fastavro(value)
        return self._by_fastavro(value)

    def _by_fastavro(self, value: bytes) -> dict[str, Any]:
        stream = io.BytesIO(value)
        stream.seek(FRAME_BYTES)
        try:
            read = _read(stream, self._writer, self._reader)
        except SchemaResolutionError as error:
            raise unknown_schema(self._schema_id, f"cannot be read as today's schema: {error}") from None
        except Exception as error:  # noqa: BLE001 - broken bytes break a reader in many ways, all of them the sender's
            told = f"{len(value) - FRAME_BYTES} bytes"
            rule = f"are no record of schema {self._schema_id}: {type(error).__name__}"
            raise InvalidInput.of(Problem("", told, rule), reason="truncated") from None
        rest = len(value) - stream.tell()
        if rest:
            raise InvalidInput.of(
                Problem("", f"{rest} bytes", "are left behind the record"), reason="truncated"
            )
        return cast("dict[str, Any]", read)

    def read(self, value: bytes) -> S:
        """The record as the type.

        Raises:
            InvalidInput: As for `fields`, or a field breaks a rule of the type.
        """
        return msgspec.convert(self.fields(value), self._cls)


@final
class RecordWriter:
    """Writes objects of one type under today's schema."""

    def __init__(self, cls: type[Struct], schema_id: int) -> None:
        """Prepare the schema.

        Args:
            cls: The type.
            schema_id: Id of today's schema of it.
        """
        instead: dict[str, Callable[[Any], Any]] = {}
        tag = cls.__struct_config__.tag
        if isinstance(tag, str):
            instead[TYPE_FIELD] = lambda _: tag
        if any(field.name == TIMESTAMP_FIELD and field.type is str for field in msgspec.structs.fields(cls)):
            instead[TIMESTAMP_FIELD] = lambda output: milliseconds(output.timestamp)
        self._encode = encoder(schema_of(cls), instead, _words(cls))
        self._header = _HEADER.pack(0, schema_id)

    def write(self, value: Struct) -> bytes:
        """The framed record of an object."""
        return self._header + self._encode(value)


def _words(kind: Any) -> set[str]:
    """Names of the fields that hold one of a few words, of a type and of those within it."""
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        return set[str]().union(*(_words(one) for one in get_args(kind)))
    found: set[str] = set()
    for field in msgspec.structs.fields(kind):
        kinds = {field.type, *get_args(field.type)}
        is_word = any(get_origin(one) is Literal for one in kinds)
        found |= {field.name} if is_word else _words(field.type)
    return found


@lru_cache(_REMEMBERED)
def milliseconds(moment: str) -> int:
    """Unix milliseconds of an ISO moment with an offset."""
    return round(datetime.fromisoformat(moment).timestamp() * 1_000)


def _check_moments(schema_id: int, writer: Schema) -> None:
    fields = cast("list[Schema]", writer.get("fields") or [])
    for field in fields:
        kind = field.get("type")
        if field.get("name") == TIMESTAMP_FIELD and isinstance(kind, dict):
            told = cast("Schema", kind).get("logicalType")
            if told not in {None, _MILLIS}:
                raise unknown_schema(schema_id, f"has {TIMESTAMP_FIELD} as {told}; it must be {_MILLIS}")


def _without_moments(schema: Any) -> Any:
    """The schema with milliseconds as numbers: a moment made of each would have to be unmade again."""
    if isinstance(schema, list):
        return [_without_moments(one) for one in cast("list[Any]", schema)]
    if isinstance(schema, dict):
        told = cast("Schema", schema)
        if told.get("logicalType") == _MILLIS:
            return "long"
        return {name: _without_moments(value) for name, value in told.items()}
    return schema


def _shape(schema: Any) -> Any:
    """What of a schema says how bytes are laid out and read: names and types, in order."""
    if isinstance(schema, list):
        return [_shape(one) for one in cast("list[Any]", schema)]
    if isinstance(schema, dict):
        kept = ("type", "name", "fields", "items", "values", "symbols", "size", "logicalType")
        told = cast("Schema", schema)
        return {name: _shape(told[name]) for name in kept if name in told}
    return schema
