"""Faults: every call of a port is a moment at which others run, a process dies, or an answer is lost."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping, Sequence
from types import TracebackType, coroutine
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from mastery_engine.adapters.memory import (
    MemoryArchive,
    MemoryDeadLetters,
    MemoryEventLog,
    MemoryLogConsumer,
    MemoryResults,
)
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import (
    ArchivedDay,
    ArchivedEvent,
    DeadLetter,
    LetterStatus,
    OutputMessage,
    Record,
)

T = TypeVar("T")
Ending = Literal["answers", "is down", "is killed"]
START_MS: Final = 1_709_294_400_000  # 2024-03-01T12:00:00Z


class Killed(BaseException):
    """The process is gone; no code of its own sees this."""


class Fate(NamedTuple):
    """What happens to a call.

    Attributes:
        ending: Whether the caller gets its answer, an error, or dies.
        done: How many items of a batch are applied before; None means all.
    """

    ending: Ending = "answers"
    done: int | None = None


class Rates(NamedTuple):
    """Chances of a history, each for one call; `stay` is the chance that the same actor goes on."""

    kill: float
    down: float
    late: float
    stay: float

    @staticmethod
    def draw(chance: random.Random, stay: Sequence[float], *, calm: bool) -> Rates:
        """Calm and wild histories alike."""
        if calm:
            return Rates(0.0, 0.0, 0.0, chance.choice(stay))
        return Rates(
            kill=chance.choice((0.0, 0.02, 0.05, 0.15)),
            down=chance.choice((0.0, 0.0, 0.02, 0.1)),
            late=chance.choice((0.0, 0.0, 0.0, 0.01)),
            stay=chance.choice(stay),
        )


class VirtualClock:
    """Time that passes only when the history lets it."""

    def __init__(self, pause: Callable[[str, int], Coroutine[Any, Any, None]] | None = None) -> None:
        self.ms = START_MS
        self._pause = pause

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1_000)
        if self._pause is not None:
            await self._pause("clock.sleep", 0)


@coroutine
def moment(name: str, size: int) -> Generator[tuple[str, int], Fate, Fate]:
    """Let others run before the call `name` with `size` items; returns what is to become of it."""
    fate = yield name, size
    return fate


async def pause(name: str, size: int) -> None:
    """A moment at which a process may die, and nothing else."""
    fate = await moment(name, size)
    if fate.ending == "is killed":
        raise Killed


class NoLimit:
    """No event loop runs here that could end anything."""

    def __init__(self, seconds: float) -> None:
        del seconds

    async def __aenter__(self) -> None:
        return

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    def expired(self) -> bool:
        return False


class Actor(Generic[T]):
    """A coroutine that is run from moment to moment."""

    def __init__(self, name: str, body: Coroutine[tuple[str, int], Fate, T]) -> None:
        self.name = name
        self.body = body
        self.at: tuple[str, int] | None = None
        self.ended = False

    def resume(self, fate: Fate) -> None:
        """Run to the next moment; an error of the code under test comes out here."""
        try:
            self.at = self.body.send(fate if self.at is not None else None)  # type: ignore[arg-type] # a first send is None
        except (StopIteration, Killed):
            self.ended = True

    def kill(self) -> None:
        """End it where it stands."""
        self.body.close()
        self.ended = True


async def in_parts(
    name: str, items: Sequence[T], apply: Callable[[Sequence[T]], Coroutine[Any, Any, Any]]
) -> Any:
    """A call whose batch is not atomic: a part may be applied before the caller dies or gets an error."""
    fate = await moment(name, len(items))
    if fate.done is None and fate.ending == "answers":
        return await apply(items)
    done = len(items) if fate.done is None else min(fate.done, len(items))
    first = await apply(items[:done])
    if fate.ending == "is killed":
        raise Killed
    if fate.ending == "is down":
        raise DependencyDown(f"{name} does not answer")
    await pause(f"{name} between", 0)
    rest = await apply(items[done:])
    return first + rest if first is not None else None


async def reading(name: str) -> None:
    """A call that changes nothing: it may find nobody, or never come back."""
    fate = await moment(name, 0)
    if fate.ending == "is killed":
        raise Killed
    if fate.ending == "is down":
        raise DependencyDown(f"{name} does not answer")


class FaultyArchive:
    """Archive whose calls are moments."""

    def __init__(self, inner: MemoryArchive) -> None:
        self._inner = inner

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        return await in_parts("archive.add", events, self._inner.add)

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        await reading("archive.of_student")
        return await self._inner.of_student(tenant_id, student_id)

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        await reading("archive.page_of_student")
        return await self._inner.page_of_student(tenant_id, student_id, after, limit)

    async def remove_student(self, tenant_id: str, student_id: str) -> int:
        return await self._inner.remove_student(tenant_id, student_id)

    async def of_students(self, tenant_id: str, student_ids: Sequence[str]) -> dict[str, list[ArchivedEvent]]:
        await reading("archive.of_students")
        return await self._inner.of_students(tenant_id, student_ids)

    async def students(self, tenant_id: str, span: tuple[int, int] | None = None) -> list[str]:
        await reading("archive.students")
        return await self._inner.students(tenant_id, span)

    def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        return self._inner.by_student(tenant_id)

    async def tenants(self) -> list[str]:
        return await self._inner.tenants()

    async def droppable(self, tenant_id: str, day: int) -> list[ArchivedDay]:
        return await self._inner.droppable(tenant_id, day)

    async def drop_before(self, tenant_id: str, day: int) -> int:
        return await self._inner.drop_before(tenant_id, day)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return


class FaultyLetters:
    """Dead letters whose additions are moments."""

    def __init__(self, inner: MemoryDeadLetters) -> None:
        self._inner = inner

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        return await in_parts("letters.add", letters, self._inner.add)

    async def get(self, letter_id: str) -> DeadLetter | None:
        return await self._inner.get(letter_id)

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        status: LetterStatus | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        return await self._inner.find(tenant_id=tenant_id, status=status, after=after, limit=limit)

    async def replace(self, letter: DeadLetter, expected: DeadLetter) -> bool:
        return await self._inner.replace(letter, expected)

    async def counts(self) -> dict[LetterStatus, int]:
        return await self._inner.counts()

    async def close(self) -> None:
        return


class FaultyResults:
    """Results whose publishing is a moment."""

    def __init__(self, inner: MemoryResults) -> None:
        self._inner = inner

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        await in_parts("results.publish", messages, self._inner.publish)


class FaultyConsumer:
    """Consumer whose polls and commits are moments.

    Attributes:
        topic_id: Of the last poll.
    """

    def __init__(self, log: MemoryEventLog, group: str) -> None:
        self._inner: MemoryLogConsumer = log.consumer(group)
        self.topic_id = ""

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        await reading("log.poll")
        records = await self._inner.poll(limit, 0.0)
        self.topic_id = self._inner.topic_id
        return records

    async def commit(self, offsets: Mapping[int, int]) -> None:
        async def apply(items: Sequence[tuple[int, int]]) -> None:
            await self._inner.commit(dict(items))

        await in_parts("log.commit", sorted(offsets.items()), apply)

    async def committed(self) -> dict[int, int]:
        await reading("log.committed")
        return await self._inner.committed()

    async def rewind(self) -> None:
        await reading("log.rewind")
        await self._inner.rewind()

    async def close(self) -> None:
        return
