"""How a student is followed: a stream opened, read, and opened again where it breaks off. Without any IO of its own."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from mastery_engine.client.call import Call, path
from mastery_engine.client.errors import UnexpectedAnswer
from mastery_engine.client.flow import Answer, Broken, Pause, Tries, Way
from mastery_engine.client.sse import Event, EventDecoder
from mastery_engine.contracts.answers import LiveResult
from mastery_engine.domain.errors import NotAuthenticated, NotFound

QUIET_SECONDS: Final = 45.0
"""Three times what lies between two signs of life of a stream."""
MEDIA_TYPE: Final = "text/event-stream"
_RETRY_SECONDS: Final = 3.0
_GONE: Final = "the student is not there any more, or not the caller's to see"
_EXPIRED: Final = "the token has expired; give a function that returns one that holds, and the stream goes on"


class Update(NamedTuple):
    """A student's result, as it is now.

    Attributes:
        kind: A snapshot stands alone; an update follows what was told before.
        id: Goes on from here, where it is given to `follow` as `last_event_id`.
        result: The whole of it.
    """

    kind: Literal["snapshot", "update"]
    id: str | None
    result: LiveResult


class Open(NamedTuple):
    """Open the stream now, and leave the one before."""

    call: Call[LiveResult]


class Read(NamedTuple):
    """Read what comes next."""


class Tell(NamedTuple):
    """Hand this to who follows."""

    update: Update


class Opened(NamedTuple):
    """The stream is open."""


class Part(NamedTuple):
    """What came next, empty at the end."""

    data: bytes


FollowStep = Open | Read | Tell | Pause
FollowTold = Opened | Part | Answer | Broken | None
Following = Generator[FollowStep, FollowTold, None]


class _End(Struct, frozen=True):
    reason: str


_end: Final = msgspec.json.Decoder(_End)


def stream(student_id: str, course_id: str | None) -> Call[LiveResult]:
    """What opens a stream."""
    return Call(
        "GET",
        path("/students/{}/stream", student_id),
        msgspec.json.Decoder(LiveResult).decode,
        query={"course_id": course_id},
        headers={"Accept": f"{MEDIA_TYPE}, application/json;q=0.1", "Accept-Encoding": "identity"},
    )


def follow(way: Way, call: Call[LiveResult], last_id: str | None, *, renews: bool) -> Following:
    """Follow until the service says that it was the last.

    Args:
        way: Where to and how often.
        call: Opens the stream.
        last_id: Of what the caller has; None for nothing.
        renews: Whether another token can be had once the first has expired.

    Raises:
        MasteryError: As the service answered; NotFound and NotAuthenticated also where access ends meanwhile; DependencyDown
            where it cannot be opened in all tries.
    """
    tries = Tries(way, call)
    told: LiveResult | None = None
    while True:
        decoder = EventDecoder(last_id)
        given = {} if last_id is None else {"Last-Event-ID": last_id}
        opened = yield Open(replace(call, headers={**call.headers, **given}))
        if not isinstance(opened, Opened):
            assert isinstance(opened, Answer | Broken), "what came of it is told"  # noqa: S101
            yield Pause(tries.after(opened))
            continue
        while True:
            part = yield Read()
            if not isinstance(part, Part) or not part.data:
                break
            tries.begin_again()
            for event in _events(way, decoder, part.data):
                if event.kind == "end":
                    if _is_over(_reason(way, event), renews=renews):
                        return
                elif event.kind in ("snapshot", "update"):
                    last_id, result = event.id, _result(way, call, event)
                    # After a new beginning the same may come once more.
                    if result != told:
                        told = result
                        yield Tell(Update(event.kind, last_id, result))
        # Not all at once, whose streams have ended together.
        seconds = _RETRY_SECONDS if decoder.retry_seconds is None else decoder.retry_seconds
        yield Pause(min(way.retries.longest_seconds, seconds * (0.5 + way.random() / 2)))


def _is_over(reason: str, *, renews: bool) -> bool:
    """Whether nothing more is to be had; where it is, from another process say, the stream is opened again."""
    if reason == "not_found":
        raise NotFound(_GONE)
    if reason == "token_expired" and not renews:
        raise NotAuthenticated(_EXPIRED, "expired")
    return reason == "not_followed"


def _events(way: Way, decoder: EventDecoder, data: bytes) -> Generator[Event]:
    try:
        yield from decoder.feed(data)
    except ValueError as error:
        raise _unreadable(way, error) from None


def _reason(way: Way, event: Event) -> str:
    try:
        return _end.decode(event.data).reason
    except ValueError as error:
        raise _unreadable(way, error) from None


def _result(way: Way, call: Call[LiveResult], event: Event) -> LiveResult:
    try:
        return call.decode(event.data)
    except ValueError as error:
        raise _unreadable(way, error) from None


def _unreadable(way: Way, error: ValueError) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"{way.server} streams what this release cannot read: {error}")
