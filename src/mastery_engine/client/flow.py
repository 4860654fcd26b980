"""How a call is carried through: sent, sent again where that is safe and useful, decoded or raised. Without any IO of its own.

A driver, synchronous or not, does what the flow asks for and tells it what came of it; so both kinds of client behave alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from mastery_engine.client.call import Call, Reply
from mastery_engine.client.errors import error_of, unreadable
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


class Broken(NamedTuple):
    """Nothing came back, or not all of it."""

    reason: str


Step = Ask | Pause
Told = Answer | Broken | None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long a call is tried.

    Attributes:
        most: Most tries after the first.
        first_seconds: Longest pause before the second try; each later one may be twice as long. The pause is drawn from nothing
            to that, so that many who were refused at once do not come back at once.
        longest_seconds: Longest pause; a service that asks for a longer one is not asked again.
    """

    most: int = 4
    first_seconds: float = 0.25
    longest_seconds: float = 30.0


def carry(
    call: Call[Data], retries: Retries, random: Callable[[], float], server: str
) -> Generator[Step, Told, Reply[Data]]:
    """Carry a call through.

    Args:
        call: What to ask.
        retries: How often and how long.
        random: Gives a number in [0, 1).
        server: Where it is sent, for errors.

    Raises:
        MasteryError: What the service answered, as the error that it raised itself; DependencyDown where nothing answers.
    """
    for attempt in range(retries.most + 1):
        told = yield Ask(call)
        assert told is not None, "what came of it is told"  # noqa: S101
        last = attempt == retries.most
        if isinstance(told, Broken):
            if last or not call.repeatable:
                raise DependencyDown(f"{server} does not answer: {told.reason}; is it running there?")
            yield Pause(_drawn(retries, attempt, random))
            continue
        if told.status in _GOOD or told.status == _NOT_MODIFIED:
            try:
                return Reply(call.decode(told.body), told.status, told.headers)
            except ValueError as error:
                raise unreadable(server, told.status, error) from error
        pause = _asked_for(told)
        may_repeat = (
            told.status == _TOO_MANY
            # The try before, of the same key, is still under way: its answer is wanted.
            or (told.status == _CONFLICT and pause is not None)
            or (told.status in _UNAVAILABLE and call.repeatable)
        )
        wait = pause if pause is not None else _drawn(retries, attempt, random)
        if last or not may_repeat or wait > retries.longest_seconds:
            raise error_of(server, told.status, told.headers, told.body)
        yield Pause(wait)
    raise AssertionError("the last try returns or raises")


def _drawn(retries: Retries, attempt: int, random: Callable[[], float]) -> float:
    return random() * min(retries.longest_seconds, retries.first_seconds * 2.0**attempt)


def _asked_for(told: Answer) -> float | None:
    """Seconds that the service asks to wait; None if it does not say."""
    text = told.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None
