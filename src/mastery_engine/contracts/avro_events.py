"""Events as Avro: chosen by the name of the writer's record, judged as JSON is."""

from __future__ import annotations

from typing import Final, cast, final

import msgspec

from mastery_engine.contracts.avro import RecordReader, Schema, record_name, unknown_schema
from mastery_engine.contracts.event_json import MAX_EVENT_BYTES, event_from
from mastery_engine.contracts.schema_files import NAMESPACE
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import EVENT_CLASSES, Event, LearningEvent

_CLASSES: Final[dict[str, type[Event]]] = {record_name(cls): cls for cls in EVENT_CLASSES}


@final
class EventReader:
    """Reads events under one writer's schema."""

    def __init__(self, schema_id: int, writer: Schema | None) -> None:
        """Prepare to read, or to refuse.

        Args:
            schema_id: Its id.
            writer: The schema; None if no registry knows the id.
        """
        self._reader: RecordReader[Event] | None = None
        self._refusal: InvalidInput | None = None
        if writer is None:
            self._refusal = unknown_schema(schema_id, "is not known to the schema registry")
            return
        name = _full_name(writer)
        cls = _CLASSES.get(name)
        if cls is None:
            told = f"is of {name[:100]}, which is no event; events are {', '.join(_CLASSES)}"
            self._refusal = unknown_schema(schema_id, told)
            return
        self._cls = cls
        try:
            self._reader = RecordReader(cls, schema_id, writer)
        except InvalidInput as error:
            self._refusal = error

    def read(self, value: bytes) -> LearningEvent | InvalidInput:
        """The event of a framed record, or why there is none."""
        if self._reader is None:
            return self._refusal or unknown_schema(0, "is of no use")
        if len(value) > MAX_EVENT_BYTES:
            rule = f"has {len(value)} bytes; an event has at most {MAX_EVENT_BYTES}"
            return InvalidInput.of(Problem("", "", rule), reason="too_large")
        try:
            fields = self._reader.fields(value)
        except InvalidInput as error:
            return error
        try:
            return msgspec.convert(fields, self._cls)  # type: ignore[return-value]
        except msgspec.ValidationError:
            # Whatever JSON would forgive, such as an id in capitals, is forgiven here; the rest is named field by field.
            return _leniently(fields)


def _leniently(fields: dict[str, object]) -> LearningEvent | InvalidInput:
    dates = fields.get("activity_dates")
    if isinstance(dates, list):
        fields["activity_dates"] = [str(one) for one in cast("list[object]", dates)]
    try:
        return event_from(fields)
    except InvalidInput as error:
        return error


def _full_name(schema: Schema) -> str:
    name = str(schema.get("name", ""))
    return name if "." in name else f"{schema.get('namespace', NAMESPACE)}.{name}"
