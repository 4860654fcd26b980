"""Events as JSON: decoded straight into the domain's types, refused with every problem named.

Canonical JSON (lower-case ids, integer milliseconds) takes the quick road; anything else is read leniently as
the contract allows, and judged field by field only when something is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from mastery_engine.contracts.broken_json import no_numbers, not_utf8, place_of
from mastery_engine.contracts.event_words import field_problems, shown
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import EVENT_CLASSES, Event, LearningEvent, event_type

MAX_EVENT_BYTES: Final = 1 << 20
_decoder: Final = msgspec.json.Decoder(LearningEvent)
_encoder: Final = msgspec.json.Encoder(order="deterministic")
_CLASSES: Final[dict[str, type[Event]]] = {str(cls.__struct_config__.tag): cls for cls in EVENT_CLASSES}
_MOST_LOOKED_INTO_BYTES: Final = 4 << 20
_MOST_TOLD: Final = 100
"""Characters of an id that is told although it breaks its rule; a longer one is nobody's, and no index would take it."""
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def encode_event(event: Event) -> bytes:
    """Canonical JSON of an event: equal events give equal bytes."""
    return _encoder.encode(event)


def decode_event(raw: bytes) -> LearningEvent:
    """Read one event.

    Args:
        raw: A JSON object, UTF-8, at most 1 MiB.

    Raises:
        InvalidInput: Every field that breaks the schema, with its value and the rule.
    """
    if len(raw) > MAX_EVENT_BYTES:
        rule = f"has {len(raw)} bytes; an event has at most {MAX_EVENT_BYTES}"
        raise InvalidInput.of(Problem("", "", rule), reason="too_large")
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(raw)


def event_from(fields: dict[str, Any]) -> LearningEvent:
    """Build one event from decoded JSON; see `decode_event`."""
    fields = _normalised(fields)
    kind = fields.get("event_type")
    cls = _CLASSES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        absent = "event_type" not in fields
        rule = ("is required: one of " if absent else "must be one of ") + ", ".join(_CLASSES)
        sent = "absent" if absent else shown(kind)
        raise InvalidInput.of(Problem("event_type", sent, rule), reason="unknown_type")
    try:
        return cast("LearningEvent", msgspec.convert(fields, cls))
    except msgspec.ValidationError as error:
        problems = tuple(field_problems(fields, cls)) or (Problem("", "", str(error)),)
        raise InvalidInput.of(*problems) from None


class JsonEvents:
    """The codec of a log whose values are JSON."""

    async def decode(self, values: Sequence[bytes]) -> list[LearningEvent | InvalidInput]:
        """Read each; see `decode_event`."""
        return [event_or_refusal(value) for value in values]

    async def encode(self, events: Sequence[LearningEvent]) -> list[bytes]:
        """Write each; see `encode_event`."""
        return [encode_event(event) for event in events]


def event_or_refusal(raw: bytes) -> LearningEvent | InvalidInput:
    """The event, or why there is none; see `decode_event`."""
    try:
        return decode_event(raw)
    except InvalidInput as error:
        return error


def identity(raw: bytes) -> tuple[str | None, str | None, str | None]:
    """Tenant, student and event id of a record that may be broken, each None where it cannot be told.

    One that a sender had compressed may be far larger than the log takes otherwise, and is not looked into: that takes long.
    """
    if len(raw) > _MOST_LOOKED_INTO_BYTES:
        return None, None, None
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None, None
    if not isinstance(fields, dict):
        return None, None, None
    known = _normalised(cast("dict[str, Any]", fields))
    tenant, student, event_id = (known.get(name) for name in ("tenant_id", "student_id", "event_id"))
    return "default" if tenant is None else _told(tenant), _told(student), _told(event_id)


def _told(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= _MOST_TOLD else None


def _decode_leniently(raw: bytes) -> LearningEvent:
    try:
        fields = msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise not_utf8(raw) from None
    except msgspec.DecodeError as error:
        problems = tuple(no_numbers(raw)) or (Problem("", place_of(raw, error), f"is not JSON: {error}"),)
        raise InvalidInput.of(*problems, reason="not_json") from None
    except RecursionError:
        value = shown(raw[:200].decode("utf-8", "replace"))
        raise InvalidInput.of(Problem("", value, "is nested too deep"), reason="not_json") from None
    if not isinstance(fields, dict):
        raise InvalidInput.of(Problem("", shown(fields), "must be a JSON object"), reason="not_an_object")
    return event_from(cast("dict[str, Any]", fields))


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """The same with lower-case ids and integer milliseconds, where they can be read so."""
    fields = dict(fields)
    for name in ("event_id", "corrects"):
        value = fields.get(name)
        if isinstance(value, str):
            fields[name] = value.lower()
    moment = fields.get("timestamp")
    if isinstance(moment, str):
        fields["timestamp"] = _milliseconds(moment)
    return fields


def _milliseconds(moment: str) -> int | str:
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    if parsed.tzinfo is None:
        return moment
    since = parsed - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


__all__ = [
    "MAX_EVENT_BYTES",
    "JsonEvents",
    "decode_event",
    "encode_event",
    "event_from",
    "event_or_refusal",
    "event_type",
    "identity",
]
