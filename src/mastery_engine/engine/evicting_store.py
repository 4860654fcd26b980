"""A state store whose every write of a learner's document evicts the copies of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import final

from mastery_engine.contracts import keys
from mastery_engine.ports import Clock, Entry, StateStore, Write

Evict = Callable[[Mapping[str, int]], Awaitable[None]]
"""Told by document key when it has changed, in Unix milliseconds."""


@final
class EvictingStore:
    """Passes everything on; reads are the store's own, for whoever writes needs the authority."""

    def __init__(self, store: StateStore, evict: Evict, clock: Clock) -> None:
        """Put the parts together.

        Args:
            store: Where everything goes.
            evict: Forgets copies; must not raise.
            clock: Tells the moment of a write.
        """
        self._store = store
        self._evict = evict
        self._clock = clock

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """As the store has them."""
        return await self._store.get_many(keys)

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        """Write, then evict: also what was refused, or may have been written though nothing answered."""
        written = [write.key for write in writes if keys.is_document(write.key)]
        try:
            return await self._store.write_many(writes)
        finally:
            if written:
                await self._evict(dict.fromkeys(written, self._clock.now_ms()))

    def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """Keys of the store."""
        return self._store.scan(prefix)

    def expired(self) -> AsyncIterator[list[str]]:
        """Keys of the store that have expired."""
        return self._store.expired()

    async def purge(self) -> int:
        """Remove what has expired; a copy may outlive it by as long as copies live."""
        return await self._store.purge()

    async def ping(self) -> None:
        """Return if the store answers."""
        await self._store.ping()

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()
