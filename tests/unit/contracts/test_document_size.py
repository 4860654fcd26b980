"""How much memory a decoded document takes is told, measured here with every day of it unpacked."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from msgspec.structs import replace

from mastery_engine.contracts.document import Document, decode_document, encode_document
from mastery_engine.contracts.document_size import memory_of
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.learner import LearnerState
from tests.unit.engine.house import completion, quiz, visit

FIRST_DAY = 19_700
COPIES = 20


def student(days: int, courses: int = 1, kinds: int = 1) -> bytes:
    """A document of so many days with an event in each course, of one kind or of several."""
    document = Document()
    for course in range(courses):
        for day in range(FIRST_DAY, FIRST_DAY + days):
            when = f"{date_of(day)}T10:00:00"
            events = (visit(1, when), quiz(2, 7, when), completion(3, 5, when))
            for event in events[:kinds]:
                document.state.fold(replace(event, course_id=f"c{course}"), day, None)
    return encode_document(document)


def measured(value: bytes) -> float:
    """Bytes of memory that a state takes once everything of it was read."""
    values = [bytes(bytearray(value)) for _ in range(COPIES)]
    gc.collect()
    tracemalloc.start()
    held: list[LearnerState] = []
    for one in values:
        state = decode_document(one).state
        for course in state.courses.values():
            list(course.days.items())
        held.append(state)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / COPIES + len(value)


@pytest.mark.parametrize(
    ("days", "courses", "kinds"),
    [
        (1, 1, 1),
        (1, 1, 3),
        (90, 1, 1),
        (90, 1, 3),
        (250, 1, 1),
        (250, 1, 2),
        (30, 5, 1),
        (30, 5, 3),
        (1, 200, 1),
    ],
)
def test_what_is_told_is_about_what_it_takes_and_rather_more(days: int, courses: int, kinds: int) -> None:
    value = student(days, courses, kinds)
    told = memory_of(decode_document(value).state, len(value))
    assert 0.95 < told / measured(value) < 2.5
