"""How a call is carried through: sent, sent again where that is safe and useful, decoded or raised. Without any IO of its own.

A driver, synchronous or not, does what the flow asks for and tells it what came of it; so both kinds of client behave alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar, final

from mastery_engine.client.call import Call, Reply
from mastery_engine.client.errors import error_of, unreadable
from mastery_engine.client.retry_after import seconds_asked
from mastery_engine.domain.errors import DependencyDown

Data = TypeVar("Data")
_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = frozenset({502, 503, 504})
_NOT_MODIFIED: Final = 304
_GOOD: Final = range(200, 300)


class Ask(NamedTuple):
    """Send the call now."""

    call: Call[Any]


class Pause(NamedTuple):
    """Wait so many seconds."""

    seconds: float


class Answer(NamedTuple):
    """What came back; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it is what was asked for."""
        return self.status in _GOOD or self.status == _NOT_MODIFIED


class Broken(NamedTuple):
    """Nothing came back, or not all of it."""

    reason: str
    advice: str = "is it running there?"


Step = Ask | Pause
Told = Answer | Broken | None
Flow = Generator[Step, Told, Data]
Random = Callable[[], float]
"""Gives a number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long a call is tried.

    Attributes:
        most: Most tries after the first.
        first_seconds: Longest pause before the second try; each later one may be twice as long. The pause is drawn from nothing
            to that, so that many who were refused at once do not come back at once.
        longest_seconds: Longest pause; a service that asks for a longer one is not asked again.
        longest_total_seconds: Longest for all pauses of a call together; None leaves that to the others.
    """

    most: int = 4
    first_seconds: float = 0.25
    longest_seconds: float = 30.0
    longest_total_seconds: float | None = None


class Way(NamedTuple):
    """What every flow of a client knows.

    Attributes:
        server: Where calls are sent, for errors.
        retries: How often and how long.
        random: Draws pauses.
    """

    server: str
    retries: Retries
    random: Random


@final
class Tries:
    """The tries of one call: how long to wait before the next one, and when there is none."""

    def __init__(self, way: Way, call: Call[Any]) -> None:
        """None was made yet."""
        self._way = way
        self._call = call
        self._failed = 0
        self._paused = 0.0

    def begin_again(self) -> None:
        """Forget those that failed: one did not."""
        self._failed = 0
        self._paused = 0.0

    def after(self, told: Answer | Broken) -> float:
        """Seconds until the next try.

        Raises:
            MasteryError: What the service answered, as the error that it raised itself; DependencyDown where nothing answers.
        """
        server, retries, _ = self._way
        last = self._failed == retries.most
        drawn = self._drawn()
        self._failed += 1
        if isinstance(told, Broken):
            if last or not self._call.repeatable or self._is_too_long(drawn):
                raise DependencyDown(f"{server} does not answer: {told.reason}; {told.advice}")
            return self._pause(drawn)
        asked = seconds_asked(told.headers)
        may_repeat = (
            told.status == _TOO_MANY
            # The try before, of the same key, is still under way: its answer is wanted.
            or (told.status == _CONFLICT and asked is not None)
            or (told.status in _UNAVAILABLE and self._call.repeatable)
        )
        wait = drawn if asked is None else asked
        if last or not may_repeat or wait > retries.longest_seconds or self._is_too_long(wait):
            raise error_of(server, told.status, told.headers, told.body)
        return self._pause(wait)

    def _pause(self, seconds: float) -> float:
        self._paused += seconds
        return seconds

    def _is_too_long(self, wait: float) -> bool:
        """Whether the pauses would take too long in all, with one more."""
        longest = self._way.retries.longest_total_seconds
        return longest is not None and self._paused + wait > longest

    def _drawn(self) -> float:
        _, retries, random = self._way
        return random() * min(retries.longest_seconds, retries.first_seconds * 2.0**self._failed)


def carry(way: Way, call: Call[Data]) -> Flow[Reply[Data]]:
    """Carry a call through.

    Raises:
        MasteryError: See `Tries.after`; UnexpectedAnswer where this release cannot read what came.
    """
    tries = Tries(way, call)
    while True:
        told = yield Ask(call)
        assert told is not None, "what came of it is told"  # noqa: S101
        if isinstance(told, Answer) and told.good:
            try:
                return Reply(call.decode(told.body), told.status, told.headers)
            except ValueError as error:
                raise unreadable(way.server, told.status, error) from error
        yield Pause(tries.after(told))
