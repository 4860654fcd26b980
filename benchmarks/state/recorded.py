"""What a worker asks of its state store, written down, so that others can be made to move the same keys and bytes."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, final

from mastery_engine.bootstrap import Engine
from mastery_engine.engine.work import Worker
from mastery_engine.ports import Entry, StateStore, Write
from tools.installation import Installation


class Traffic(NamedTuple):
    """Keys read and keys written for so many events, in the worker's order.

    Attributes:
        events: How many were folded meanwhile.
        reads: Keys of each read.
        writes: Of each write its keys, values and lives in seconds.
    """

    events: int
    reads: list[list[str]]
    writes: list[list[tuple[str, bytes, int | None]]]


@final
class WatchedStore:
    """A store that notes what is asked of it, and how long each answer takes.

    Attributes:
        reads: See `Traffic`.
        writes: The same.
        seconds: Of each call.
    """

    def __init__(self, store: StateStore, *, keeps: bool) -> None:
        """Stand before a store.

        Args:
            store: Answers.
            keeps: Whether keys and values are kept, and not the times alone.
        """
        self.reads: list[list[str]] = []
        self.writes: list[list[tuple[str, bytes, int | None]]] = []
        self.seconds: list[float] = []
        self._store = store
        self._keeps = keeps

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """See the port."""
        begin = time.perf_counter()
        found = await self._store.get_many(keys)
        self._note(keys, begin)
        if self._keeps and keys:
            self.reads.append(list(keys))
        return found

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        """See the port."""
        begin = time.perf_counter()
        applied = await self._store.write_many(writes)
        self._note(writes, begin)
        if self._keeps and writes:
            self.writes.append([(one.key, one.value or b"", one.ttl_seconds) for one in writes])
        return applied

    def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """See the port."""
        return self._store.scan(prefix)

    def expired(self) -> AsyncIterator[list[str]]:
        """See the port."""
        return self._store.expired()

    async def purge(self) -> int:
        """See the port."""
        return await self._store.purge()

    async def ping(self) -> None:
        """See the port."""
        await self._store.ping()

    async def close(self) -> None:
        """See the port."""
        await self._store.close()

    def _note(self, asked: Sequence[object], begin: float) -> None:
        if asked:
            self.seconds.append(time.perf_counter() - begin)


def watched(engine: Engine, *, keeps: bool) -> tuple[Engine, WatchedStore]:
    """The same engine with its store watched."""
    store = WatchedStore(engine.adapters.store, keeps=keeps)
    return replace(engine, adapters=replace(engine.adapters, store=store)), store


async def fold_until(worker: Worker, count: int) -> None:
    """Fold until so many records are polled.

    Args:
        worker: Folds.
        count: Records.
    """
    stop = asyncio.Event()

    async def end() -> None:
        while worker.total.polled < count:  # noqa: ASYNC110 - a worker tells nobody when it has polled
            await asyncio.sleep(0.01)
        stop.set()

    ending = asyncio.create_task(end())
    await worker.run(stop)
    await ending


async def record(installation: Installation, count: int, path: Path) -> Traffic:
    """Fold so many records and write down what the state store was asked.

    Args:
        installation: With at least so many records that nobody has folded.
        count: Records.
        path: Where it goes, pickled.
    """
    async with installation.engine() as plain:
        engine, store = watched(plain, keeps=True)
        async with engine.folding() as worker:
            await fold_until(worker, count)
            traffic = Traffic(worker.total.polled, store.reads, store.writes)
    await asyncio.to_thread(path.write_bytes, pickle.dumps(traffic))
    return traffic
