"""Documents of learners in a store that is watched, and a cache before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import Document, encode_document
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.cached_learners import CachedLearners
from mastery_engine.engine.evicting_store import EvictingStore
from mastery_engine.engine.sealed_cache import SealedCache
from mastery_engine.engine.shared_documents import SharedDocuments
from mastery_engine.ports import Cache, Entry, Write
from tests.unit.engine.house import StandingClock, at, quiz

WHEN = "2024-03-01T10:00:00"
MUCH = 64 << 20


def key_of(student: str, tenant: str = "default") -> str:
    return keys.document(tenant, student)


def document_bytes(correct: int = 8, *, days: int = 1) -> bytes:
    """A document of a student with that many right answers on each of some days."""
    document, first = Document(), at(WHEN) // 86_400_000
    for day in range(days):
        document.state.fold(quiz(day + 1, correct, WHEN), first + day, None)
    return encode_document(document)


def correct_of(state: LearnerState | None) -> int:
    """What the document was made with."""
    assert state is not None
    mean = state.courses["A"].now.quiz
    assert mean is not None
    return round(mean.value * 10)


class Gate:
    """Lets readers through, or holds them until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = asyncio.Event()

    def shut(self) -> None:
        self.open.clear()
        self.waiting.clear()

    async def passed(self) -> None:
        self.waiting.set()
        await self.open.wait()


class WatchedStore(MemoryStateStore):
    """Counts its reads, holds their answers at a gate, and fails when told to."""

    def __init__(self, clock: StandingClock) -> None:
        super().__init__(clock)
        self.reads: list[list[str]] = []
        self.answers = Gate()
        self.error: Exception | None = None

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        self.reads.append(list(keys))
        found = await super().get_many(keys)
        await self.answers.passed()
        if self.error is not None:
            raise self.error
        return found


class Process:
    """What a process reads and writes with: its own cache before a store that it may share."""

    def __init__(
        self, store: WatchedStore, clock: StandingClock, *, most_bytes: int = MUCH, cache: Cache | None = None
    ) -> None:
        self.counts = CacheCounts.zero()
        self.shared: SharedDocuments | None = None
        if cache is not None:
            sealed = SealedCache(cache, b"k" * 32, self.counts)
            self.shared = SharedDocuments(sealed, clock, self.counts)
        self.learners = CachedLearners(store, clock, most_bytes, self.counts, self.shared)
        self.store = EvictingStore(store, self.learners.evict, clock)

    async def read(self, student: str = "ann") -> LearnerState | None:
        return (await self.learners.many([key_of(student)]))[0]

    async def correct(self, student: str = "ann") -> int:
        return correct_of(await self.read(student))

    async def write(self, correct: int, student: str = "ann") -> None:
        await self.store.write_many([Write(key_of(student), document_bytes(correct))])

    async def settled(self) -> None:
        """Return once nothing is under way any more."""
        while tasks := self.learners._tasks:
            await asyncio.wait(set(tasks))
