"""What is asked of a stream, and what it tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from mastery_engine.contracts.answers import LiveResult

Reason = Literal["token_expired", "not_found", "unavailable", "shutdown", "not_followed"]


class Admission(Struct, frozen=True):
    """What a caller was let in by.

    Attributes:
        until_ms: When it ends, Unix milliseconds.
        holds: Whether it still holds; asked while a stream goes on.
    """

    until_ms: int
    holds: Callable[[], Awaitable[bool]]


class Following(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        student_id: Whose result.
        course_id: A course; None means all together.
        since: Id of the last update that the caller has; None for none.
    """

    student_id: str
    course_id: str | None = None
    since: str | None = None


class Told(Struct, frozen=True):
    """A result.

    Attributes:
        kind: A snapshot stands alone; an update follows what the caller has.
        place: Id to go on from; None where there is none yet.
        result: The whole of it.
    """

    kind: Literal["snapshot", "update"]
    place: str | None
    result: LiveResult


class Beat(Struct, frozen=True):
    """Nothing new; the stream lives."""


class Ended(Struct, frozen=True):
    """The last of a stream, and why."""

    reason: Reason


Moment = Told | Beat | Ended
