"""The learner's document as plain objects, for people and other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from mastery_engine.contracts.document import Document
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.evidence import Evidence
from mastery_engine.domain.learner import Course


def document_view(document: Document) -> dict[str, Any]:
    """Everything in a document; of its dead letters the ids."""
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
        "outcomes": [plain(outcome) for outcome in document.outcomes],
        "given_up": [letter.letter_id for letter in document.given_up],
        "published": plain(document.published),
        "unarchived": [event_id.hex() for event_id in document.unarchived],
        "courses": {course_id: _course(course) for course_id, course in state.courses.items()},
    }


def plain(value: object) -> object:
    """Structs as objects, bytes as hexadecimal."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in cast("Iterable[object]", value)]
    return value


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
    return {name: plain(getattr(part, name)) for name in names}
