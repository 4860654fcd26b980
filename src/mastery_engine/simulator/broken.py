"""Events that nobody can accept, one of each kind: a demonstration of what the engine does with them."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.simulator.kinds import student_id_of
from mastery_engine.simulator.settings import SchoolSettings


class BrokenEvent(NamedTuple):
    """What is sent, and what is wrong with it.

    Attributes:
        name: Short name of the fault.
        student_id: Whose event it would have been.
        raw: Bytes as they are sent.
    """

    name: str
    student_id: str
    raw: bytes


def broken_events(settings: SchoolSettings, at_ms: int) -> list[BrokenEvent]:
    """One event of each fault; equal arguments give equal bytes.

    Args:
        settings: The school whose students send them.
        at_ms: When they are sent, Unix milliseconds.
    """
    faults: list[tuple[str, dict[str, Any]]] = [
        ("more right answers than questions", {"correct_answers": 12}),
        ("a negative number", {"total_questions": -10}),
        ("a number in words", {"total_questions": "ten"}),
        ("an unknown type", {"event_type": "quiz.performance.dreamt"}),
        ("a date of the future", {"timestamp": at_ms + 30 * DAY_MS}),
        ("a missing student", {"student_id": None}),
        ("characters not allowed", {"student_id": "ada; drop table"}),
    ]
    events = [_quiz(settings, at_ms, place) | fault for place, (_, fault) in enumerate(faults)]
    broken = [
        BrokenEvent(name, student_id_of(place % settings.students), _encode(event))
        for place, ((name, _), event) in enumerate(zip(faults, events, strict=True))
    ]
    last = student_id_of(0)
    whole = _encode(_quiz(settings, at_ms, len(faults)))
    broken.append(BrokenEvent("JSON that breaks off", last, whole[: len(whole) // 2]))
    not_utf8 = whole.replace(settings.source.encode(), b"caf\xe9", 1)
    broken.append(BrokenEvent("another encoding", last, not_utf8))
    return broken


def _quiz(settings: SchoolSettings, at_ms: int, place: int) -> dict[str, Any]:
    """A good quiz, in which one thing will be put wrong."""
    number = (settings.seed & 0xFFFF_FFFF) << 80 | (at_ms & 0xFFFF_FFFF_FFFF) << 16 | place
    return {
        "event_id": str(UUID(int=number, version=4)),
        "event_type": "quiz.performance.submitted",
        "timestamp": at_ms,
        "tenant_id": settings.tenant_id,
        "student_id": student_id_of(place % settings.students),
        "source": settings.source,
        "course_id": settings.courses[0].course_id,
        "quiz_id": f"broken-{place}",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 300.0,
    }


def _encode(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode({name: value for name, value in event.items() if value is not None})
