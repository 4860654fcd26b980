"""The state store as a worker meets it: every call a moment, and through a Dapr sidecar two for a write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.ports import Entry, Write
from tools.simulation.dapr_store import DaprLikeStore
from tools.simulation.faults import in_parts, pause, reading


class FaultyStore:
    """State store whose calls are moments."""

    def __init__(self, inner: MemoryStateStore) -> None:
        self._inner = inner

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        await reading("store.get_many")
        return await self._inner.get_many(keys)

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        kind = "document" if any("current_mastery" in w.key for w in writes) else "other"
        if writes and "processed:" in writes[0].key:
            kind = "processed"
        name = f"store.write {kind}"
        if not isinstance(self._inner, DaprLikeStore):
            return await in_parts(name, writes, self._inner.write_many)
        fits = await self._inner.look(writes)
        await pause(f"{name} between", 0)
        sent = [write for write, fit in zip(writes, fits, strict=True) if fit]
        told = iter(await in_parts(name, sent, self._inner.arrive))
        return [fit and next(told) for fit in fits]

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        await reading("store.scan")
        async for batch in self._inner.scan(prefix):
            yield batch

    async def expired(self) -> AsyncIterator[list[str]]:
        async for batch in self._inner.expired():
            yield batch

    async def purge(self) -> int:
        return await self._inner.purge()

    async def ping(self) -> None:
        await reading("store.ping")

    async def close(self) -> None:
        return
