"""The learner's document: the one authority on a student, as compact versioned MessagePack.

Only what a batch touches is unpacked: chunks of 16 days pass through as they came, and so do the untouched days of an opened
chunk. A day on which the student was merely active takes two bytes.
"""

from __future__ import annotations

from typing import Any, Final, final

import msgspec
from msgspec import Raw, Struct

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.evidence_packing import pack_day, pack_evidence, unpack_day, unpack_evidence
from mastery_engine.contracts.outcome import Outcome, Published
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.days import DAYS_A_CHUNK, Days
from mastery_engine.domain.errors import MasteryError, NewerVersion
from mastery_engine.domain.learner import Course, LearnerState
from mastery_engine.domain.scores import COMPONENTS, LEVELS

VERSION: Final = 1
TOMBSTONE: Final = b"\xc1erased"
"""Stands in place of the document of an erased student; 0xC1 begins no MessagePack value."""
UNREADABLE: Final = (
    msgspec.DecodeError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes of reading damaged bytes, or parts of a document that are opened later."""
_DAMAGED: Final = "a learner's document is damaged ({}); rebuild it: mastery replay STUDENT"

FoldedOffsets = dict[str, dict[int, int]]
"""Last offset folded or passed over, by topic id and partition."""


class DamagedDocument(MasteryError):
    """A learner's document cannot be read; a replay of the student rebuilds it."""


@final
class Document:
    """Everything kept of one learner.

    Attributes:
        state: The evidence.
        offsets: Last offset folded or passed over, by topic id and partition.
        outcomes: Outcomes whose outputs may not be sent yet, oldest first.
        given_up: Dead letters of events that could not be folded; each must have left as a letter.
        published: Last result sent; None before the first.
        unarchived: Folded events that were deleted with their topic before they were archived, each with the newest
            day that it can be of; a state rebuilt from the archive lacks them.
        refused_until: Events up to this time stay out, since an erasure was asked for then and lifted later; 0 for none.
    """

    __slots__ = ("given_up", "offsets", "outcomes", "published", "refused_until", "state", "unarchived")

    def __init__(self) -> None:
        self.state = LearnerState()
        self.offsets: FoldedOffsets = {}
        self.outcomes: list[Outcome] = []
        self.given_up: list[DeadLetter] = []
        self.published: Published | None = None
        self.unarchived: dict[bytes, int] = {}
        self.refused_until = 0

    def folded(self, topic_id: str, partition: int) -> int:
        """Last offset of the partition that is folded or passed over, -1 for none."""
        return self.offsets.get(topic_id, {}).get(partition, -1)

    def advance(self, topic_id: str, partition: int, offset: int) -> None:
        """Note that everything of the partition up to this offset is done with."""
        of_topic = self.offsets.setdefault(topic_id, {})
        if offset > of_topic.get(partition, -1):
            of_topic[partition] = offset


class _Wire(Struct, array_like=True):
    version: int
    kept_from: int
    newest: int
    newest_day: int
    offsets: FoldedOffsets
    outcomes: list[Outcome]
    given_up: list[DeadLetter]
    published: Published | None
    courses: dict[str, tuple[Any, Any, dict[int, Raw]]]


class _WireWithNotes(_Wire, array_like=True):
    unarchived: dict[bytes, int] = {}
    refused_until: int = 0


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_WireWithNotes)
_chunk_decoder: Final = msgspec.msgpack.Decoder(dict[int, Any])


def encode_document(document: Document) -> bytes:
    """The document as bytes."""
    state = document.state
    fields = (
        VERSION,
        state.kept_from,
        state.newest,
        state.newest_day,
        document.offsets,
        document.outcomes,
        document.given_up,
        document.published,
        {course_id: _pack_course(course) for course_id, course in state.courses.items()},
    )
    if document.unarchived or document.refused_until:
        return _encoder.encode(_WireWithNotes(*fields, document.unarchived, document.refused_until))
    return _encoder.encode(_Wire(*fields))


def decode_document(value: bytes) -> Document:
    """Read a document.

    Raises:
        NewerVersion: A newer release wrote it.
        DamagedDocument: It is no document.
    """
    try:
        wire = _decoder.decode(value)
        if wire.version > VERSION:
            _refuse_newer(value)
        courses = {course_id: _unpack_course(packed) for course_id, packed in wire.courses.items()}
    except UNREADABLE as error:
        _refuse_newer(value)
        raise damaged(error) from None
    document = Document()
    document.offsets = wire.offsets
    document.outcomes = wire.outcomes
    document.given_up = wire.given_up
    document.published = wire.published
    document.unarchived = wire.unarchived
    document.refused_until = wire.refused_until
    state = document.state
    state.kept_from = wire.kept_from
    state.newest = wire.newest
    state.newest_day = wire.newest_day
    state.courses = courses
    return document


def check_results(document: Document) -> None:
    """See that what was published, and is to be, can be told: reading does not look so closely.

    Raises:
        DamagedDocument: A level, a component or a day that there cannot be.
    """
    try:
        if document.published is not None:
            LEVELS[document.published.level]
            for place in document.published.weak or ():
                COMPONENTS[place]
        for outcome in document.outcomes:
            LEVELS[outcome.level]
            LEVELS[outcome.previous_level or 0]
            date_of(outcome.day)
            date_of(outcome.as_of // DAY_MS)
            if outcome.path is not None and outcome.path.completion_day is not None:
                date_of(outcome.path.completion_day)
    except UNREADABLE as error:
        raise damaged(error) from None


def damaged(error: Exception) -> DamagedDocument:
    """What to tell of a document that cannot be read for this reason."""
    return DamagedDocument(_DAMAGED.format(error))


def _pack_course(course: Course) -> tuple[Any, Any, dict[int, Any]]:
    untouched, opened = course.days.parts()
    chunks: dict[int, Any] = dict(untouched)
    for number, chunk in opened.items():
        first = number * DAYS_A_CHUNK
        chunks[number] = {place: pack_day(first + place, day) for place, day in chunk.items()}
    base = pack_evidence(course.base) if course.base.events else None
    return pack_evidence(course.now), base, chunks


def _unpack_course(packed: tuple[Any, Any, dict[int, Raw]]) -> Course:
    now, base, chunks = packed
    course = Course()
    course.now = unpack_evidence(now)
    if base is not None:
        course.base = unpack_evidence(base)
    course.days = Days(chunks, _chunk_decoder.decode, unpack_day)
    return course


def _refuse_newer(value: bytes) -> None:
    try:
        fields = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    if isinstance(fields, list) and fields and isinstance(fields[0], int) and fields[0] > VERSION:
        raise NewerVersion(
            f"a learner's document has version {fields[0]}, this release reads up to {VERSION}; upgrade the service"
        )
