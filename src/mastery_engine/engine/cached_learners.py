"""States of learners in memory for half a minute (L1), before a shared cache (L2, if there is one) and the store (L3).

A key is read once at a time, and everybody who wants it waits for that read. Whatever evicts a key also parts it from the read
under way: who asks later starts a new one, and what the old one brings is not kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, final

from msgspec import Struct

from mastery_engine.contracts.document import decode_document
from mastery_engine.contracts.document_size import memory_of
from mastery_engine.domain.errors import MasteryError
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.learners import state_of
from mastery_engine.engine.shared_documents import SharedDocuments
from mastery_engine.ports import Clock, Fill, StateStore

HELD_SECONDS: Final = 30.0
ABSENT_SECONDS: Final = 5.0
_ABSENT_BYTES: Final = 500

Answer = LearnerState | MasteryError | None
"""What came of a key: a state, why its document cannot be read, or None for who has no event."""


class _Held(Struct):
    """What is kept of a key.

    Attributes:
        until: On the monotonic clock.
        read_ms: When the read of it began.
        size: Bytes of memory.
    """

    state: LearnerState | None
    until: float
    read_ms: int
    size: int


class _Read(Struct):
    """What was read of a key, and how large its document is."""

    answer: Answer
    size: int = 0


@final
class CachedLearners:
    """Gives states of learners, of which it keeps some.

    Attributes:
        counts: What was found where.
        shared: L2, if there is one.
        trouble: Why nothing is kept just now; None while it is.
    """

    def __init__(
        self,
        store: StateStore,
        clock: Clock,
        most_bytes: int,
        counts: CacheCounts,
        shared: SharedDocuments | None = None,
    ) -> None:
        """Start empty.

        Args:
            store: Where documents live.
            clock: Tells when an entry is too old.
            most_bytes: Most memory for states; 0 keeps none.
            counts: To count in.
            shared: L2.
        """
        self._store = store
        self._clock = clock
        self._most_bytes = most_bytes
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._bytes = 0
        self._flights: dict[str, asyncio.Task[dict[str, Answer]]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self.counts = counts
        self.shared = shared
        self.trouble: str | None = None

    @property
    def held_bytes(self) -> int:
        """About how much memory the kept states take."""
        return self._bytes

    async def many(self, document_keys: Sequence[str]) -> list[LearnerState | None]:
        """See `Learners`."""
        now = self._clock.monotonic()
        if len(document_keys) == 1:
            held = self._current(document_keys[0], now)
            if held is not None:
                return [held.state]
        found: dict[str, Answer] = {}
        flights: dict[str, asyncio.Task[dict[str, Answer]]] = {}
        missing: list[str] = []
        for key in dict.fromkeys(document_keys):
            flight = self._flights.get(key)
            if (held := self._current(key, now)) is not None:
                found[key] = held.state
            elif flight is not None:
                self.counts.joins += 1
                flights[key] = flight
            else:
                missing.append(key)
        if missing:
            self.counts.misses["l1"] += len(missing)
            flights.update(dict.fromkeys(missing, self._depart(missing)))
        for key, flight in flights.items():
            # Whoever goes away leaves the read to the others who wait for it.
            found[key] = (await asyncio.shield(flight))[key]
        return [_told(found[key]) for key in document_keys]

    async def refresh(self, document_keys: Sequence[str]) -> None:
        """See `Learners`."""
        await self.evict(dict.fromkeys(document_keys, -1))

    async def evict(self, changed: Mapping[str, int]) -> None:
        """Forget documents that have changed, here and in L2.

        Args:
            changed: By document key, the moment of the change in Unix milliseconds.
        """
        self._forget(changed)
        if self.shared is not None:
            try:
                await self.shared.remove(changed)
            finally:
                # Who came while L2 still had the old copy may have taken it.
                self._forget(changed)

    def pause(self, reason: str) -> None:
        """Keep nothing and ask L2 for nothing until `resume`: changes by others are not heard of."""
        self.trouble = reason
        self._drop_all()

    def resume(self) -> None:
        """Keep states again, of what is read from now on."""
        self.trouble = None
        self._drop_all()

    async def close(self) -> None:
        """End what is under way; the store and L2's cache are closed by whoever made them."""
        self.pause("it is closed")
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.shared is not None:
            await self.shared.close()

    def _current(self, key: str, now: float) -> _Held | None:
        held = self._held.get(key)
        if held is None or held.until <= now:
            return None
        self._held.move_to_end(key)
        self.counts.hits["l1"] += 1
        return held

    def _depart(self, document_keys: list[str]) -> asyncio.Task[dict[str, Answer]]:
        flight = asyncio.create_task(self._fly(document_keys), name="read documents")
        self._flights.update(dict.fromkeys(document_keys, flight))
        self._watch(flight)
        return flight

    async def _fly(self, document_keys: list[str]) -> dict[str, Answer]:
        began, began_ms, flight = self._clock.monotonic(), self._clock.now_ms(), asyncio.current_task()
        read: dict[str, _Read] = {}
        try:
            read = await self._read(document_keys)
        finally:
            current = [key for key in document_keys if self._flights.get(key) is flight]
            for key in current:
                del self._flights[key]
        self.counts.overtaken += len(document_keys) - len(current)
        for key in current:
            answer, size = read[key].answer, read[key].size
            if answer is None:
                self._keep(key, _Held(None, began + ABSENT_SECONDS, began_ms, _ABSENT_BYTES))
            elif isinstance(answer, LearnerState):
                size = memory_of(answer, size)
                self._keep(key, _Held(answer, began + HELD_SECONDS, began_ms, size))
        return {key: one.answer for key, one in read.items()}

    async def _read(self, document_keys: list[str]) -> dict[str, _Read]:
        read: dict[str, _Read] = {}
        leases: dict[str, str] = {}
        if self.shared is not None and self.trouble is None:
            copies = await self.shared.find(document_keys)
            for key, (value, lease) in zip(document_keys, copies, strict=True):
                if lease:
                    leases[key] = lease
                elif value is not None:
                    try:
                        read[key] = _Read(decode_document(value).state, len(value))
                    except MasteryError:
                        self.counts.corrupt += 1
                        await self.shared.remove([key])
        missing = [key for key in document_keys if key not in read]
        fills: list[Fill] = []
        for key, entry in zip(missing, await self._store.get_many(missing) if missing else [], strict=True):
            try:
                state = state_of(entry)
            except MasteryError as error:
                read[key] = _Read(error)
                continue
            read[key] = _Read(state, len(entry.value) if entry is not None else 0)
            if entry is not None and state is not None and key in leases:
                fills.append(Fill(key, entry.value, leases[key]))
        if fills and self.shared is not None:
            self._watch(asyncio.create_task(self.shared.fill(fills), name="fill the shared cache"))
        return read

    def _keep(self, key: str, held: _Held) -> None:
        if self.trouble is not None or held.size > self._most_bytes:
            return
        self._drop(key)
        self._held[key] = held
        self._bytes += held.size
        while self._bytes > self._most_bytes:
            _, oldest = self._held.popitem(last=False)
            self._bytes -= oldest.size
            self.counts.crowded_out += 1

    def _forget(self, changed: Mapping[str, int]) -> None:
        for key, moment in changed.items():
            self._flights.pop(key, None)
            held = self._drop(key)
            if held is not None:
                self.counts.evictions += 1
                self.counts.stale += held.read_ms <= moment

    def _drop(self, key: str) -> _Held | None:
        held = self._held.pop(key, None)
        if held is not None:
            self._bytes -= held.size
        return held

    def _drop_all(self) -> None:
        self._held.clear()
        self._flights.clear()
        self._bytes = 0

    def _watch(self, task: asyncio.Task[dict[str, Answer]] | asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._on_end)

    def _on_end(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Those who wait are told; where nobody waits any more, nobody misses it.
            task.exception()


def _told(answer: Answer) -> LearnerState | None:
    if isinstance(answer, MasteryError):
        raise answer
    return answer
