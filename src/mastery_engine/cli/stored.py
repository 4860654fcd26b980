"""What the state store holds, decoded for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from mastery_engine.cli.session import Session, operator
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, Document, decode_document
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.evidence import Evidence
from mastery_engine.domain.learner import Course

_LEARNER: Final = re.compile(r"(?:school:(?P<tenant>[^:]+):)?(?:replay:[^:]+:)?student:(?P<student>[^:]+):")
_PROCESSED: Final = re.compile(r"(?:school:[^:]+:)?processed:(?P<event>[0-9a-f-]{36})\Z")
_REPLAYED: Final = re.compile(r"(?:school:[^:]+:)?replay:[^:]+:slice:[0-9]+\Z")
_DOCUMENT: Final = ":profile:current_mastery"


async def stored(session: Session, key: str) -> dict[str, Any]:
    """The value under a key; of a student's key, once the access is on record.

    Raises:
        NotFound: There is no such key.
    """
    engine = session.engine
    match = _LEARNER.match(key)
    if match:
        caller = operator(match["tenant"] or keys.DEFAULT_TENANT)
        await engine.access.record(caller, "state.read", [match["student"]], allowed=True)
    entry = (await engine.adapters.store.get_many([key]))[0]
    if entry is None:
        raise NotFound(f"the state store has no key {key[:200]!r}")
    return {
        "key": key,
        "version": entry.version,
        "bytes": len(entry.value),
        "value": _decoded(key, entry.value),
    }


def _decoded(key: str, value: bytes) -> object:
    if value == TOMBSTONE:
        return "erased"
    if key.endswith(_DOCUMENT):
        return _document(decode_document(value))
    processed = _PROCESSED.match(key)
    if processed:
        record = read_processed(UUID(processed["event"]).bytes, value)
        return {"damaged": value.hex()} if record is None else _plain(record)
    if _REPLAYED.match(key):
        # It names students whose data nobody has asked for.
        return "the report on a slice; told by: mastery replay --resume"
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"hex": value.hex()}


def _document(document: Document) -> dict[str, Any]:
    state = document.state
    return {
        "events": state.events,
        "newest_ms": state.newest,
        "newest_day": date_of(state.newest_day).isoformat() if state.newest_day >= 0 else None,
        "kept_from": date_of(state.kept_from).isoformat() if state.kept_from else None,
        "offsets": {
            topic: {str(partition): offset for partition, offset in of_topic.items()}
            for topic, of_topic in document.offsets.items()
        },
        "outcomes": [_plain(outcome) for outcome in document.outcomes],
        "given_up": [letter.letter_id for letter in document.given_up],
        "published": _plain(document.published),
        "unarchived": [event_id.hex() for event_id in document.unarchived],
        "courses": {course_id: _course(course) for course_id, course in state.courses.items()},
    }


def _course(course: Course) -> dict[str, Any]:
    return {
        "now": _evidence(course.now),
        "base": _evidence(course.base) if course.base.events else None,
        "days": {date_of(day).isoformat(): _evidence(evidence) for day, evidence in course.days.items()},
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    days = [date_of(evidence.active_until - back).isoformat() for back in _bits(evidence.active_days)]
    return {
        "events": evidence.events,
        "completion": _fields(evidence.completion),
        "quiz": _fields(evidence.quiz),
        "quality": _fields(evidence.quality),
        "active_days": days,
        "max_streak": evidence.max_streak,
    }


def _bits(bitmap: int) -> Iterable[int]:
    return (place for place in range(bitmap.bit_length()) if bitmap >> place & 1)


def _fields(part: object) -> object:
    """Attributes of a part of evidence, whatever its class."""
    if part is None:
        return None
    names: Iterable[str] = getattr(type(part), "__slots__", ()) or getattr(part, "_fields", ())
    return {name: _plain(getattr(part, name)) for name in names}


def _plain(value: object) -> object:
    """Structs as objects, bytes as hexadecimal."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("Iterable[object]", value)]
    return value
