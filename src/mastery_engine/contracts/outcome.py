"""The outcome of an event: all that its outputs need, so that sending again sends the same.

Scores are kept in micros (millionths), as they are published.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.tracing import Trace
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.domain.scores import COMPONENTS, LEVELS, Component, Components, Level, Result

MICROS: Final = 1_000_000
PROCESSED_VERSION: Final = 1
DIGEST_BYTES: Final = 8


class PathNote(Struct, array_like=True, frozen=True, gc=False):
    """What a learning path sent with this outcome needs beyond the outcome.

    Attributes:
        completion_day: Number of the estimated completion day, None where none could be told.
    """

    completion_day: int | None = None


class Answer(Struct, array_like=True, frozen=True, gc=False):
    """What the answer to a calculation request needs beyond the outcome.

    Attributes:
        correlation_id: The requester's id for the question.
        error: Error code in place of a result.
    """

    correlation_id: str | None = None
    error: str | None = None


class Outcome(Struct, array_like=True, frozen=True, gc=False):
    """What one event changed.

    Attributes:
        event_id: UUID, 16 bytes.
        digest: First 8 bytes of the event's content hash; another one under the same id is a misuse of the id.
        partition: Where the event lies in the log.
        offset: Where the event lies in the log.
        as_of: Newest event time folded so far, Unix milliseconds.
        day: Number of that moment's day.
        score: In micros.
        level: Place in `LEVELS`.
        components: In micros, None where not observed, in the order of `COMPONENTS`.
        formula: `name@version`.
        previous_score: In micros, None for a first result.
        previous_level: Place in `LEVELS`, None for a first result.
        path: Set when a learning path goes out too.
        answer: Set when the event was a calculation request, which folds nothing.
        trace: What the event's record told of where it comes from.
    """

    event_id: bytes
    digest: bytes
    partition: int
    offset: int
    as_of: int
    day: int
    score: int
    level: int
    components: tuple[int | None, int | None, int | None, int | None]
    formula: str
    previous_score: int | None = None
    previous_level: int | None = None
    path: PathNote | None = None
    answer: Answer | None = None
    trace: Trace | None = None

    @property
    def result(self) -> Result:
        """The result as published, components at 6 decimals."""
        return Result(
            score=self.score / MICROS,
            level=LEVELS[self.level],
            components=from_micros(self.components),
            formula=self.formula,
            day=self.day,
        )


class Processed(Struct, array_like=True, frozen=True, gc=False):
    """Value of a `processed:` record.

    Attributes:
        version: Of this layout.
        student: Keyed hash of the student whose event it was, 16 bytes.
        outcome: Outcome of the event.
    """

    version: int
    student: bytes
    outcome: Outcome


class Published(Struct, array_like=True, frozen=True, gc=False):
    """The last result sent of a student, from which the next one tells its difference.

    Attributes:
        score: In micros.
        level: Place in `LEVELS`.
        weak: Places in `COMPONENTS` of the weak components last sent in a learning path, None before the first path.
    """

    score: int
    level: int
    weak: tuple[int, ...] | None = None


_PLACES: Final = {name: place for place, name in enumerate(COMPONENTS)}
_LEVEL_PLACES: Final = {name: place for place, name in enumerate(LEVELS)}
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Processed)


def encode_processed(student: bytes, outcome: Outcome) -> bytes:
    """Value of the `processed:` record of an outcome."""
    return _encoder.encode(Processed(PROCESSED_VERSION, student, outcome))


def decode_processed(value: bytes) -> Processed:
    """Read a `processed:` record.

    Raises:
        NewerVersion: A newer release wrote it.
    """
    record = _decoder.decode(value)
    if record.version > PROCESSED_VERSION:
        raise NewerVersion(
            f"a processed record has version {record.version}, this release knows {PROCESSED_VERSION}; upgrade"
        )
    return record


def micros(value: float) -> int:
    """A score or component in millionths."""
    return round(value * MICROS)


ComponentMicros = tuple[int | None, int | None, int | None, int | None]


def to_micros(components: Components) -> ComponentMicros:
    """Component values in millionths."""
    completion, quiz, quality, consistency = components
    return (
        None if completion is None else round(completion * MICROS),
        None if quiz is None else round(quiz * MICROS),
        None if quality is None else round(quality * MICROS),
        None if consistency is None else round(consistency * MICROS),
    )


def from_micros(values: ComponentMicros) -> Components:
    """Component values at 6 decimals."""
    completion, quiz, quality, consistency = values
    return Components(
        None if completion is None else completion / MICROS,
        None if quiz is None else quiz / MICROS,
        None if quality is None else quality / MICROS,
        None if consistency is None else consistency / MICROS,
    )


def level_place(level: Level) -> int:
    """Place of a level in `LEVELS`."""
    return _LEVEL_PLACES[level]


def component_places(names: tuple[Component, ...]) -> tuple[int, ...]:
    """Places of components in `COMPONENTS`."""
    return tuple([_PLACES[name] for name in names])
