"""L2: documents in a cache that processes share. When it fails, reads go to the store, and are only slower."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.ports import Cache, Cached, Clock, Fill

AGAIN_SECONDS: Final = 1.0
DISTRUSTED_SECONDS: Final = 300.0
MOST_OWED: Final = 100_000
_A_TIME: Final = 1_000
_log: Final = structlog.get_logger(__name__)


@final
class SharedDocuments:
    """Finds, fills and removes copies, and stays away for a while from a cache that does not answer.

    A removal that could not be made is owed: until it is made up for, this process asks the cache for nothing.

    Attributes:
        trouble: Why the cache is not used just now; None while it is.
    """

    def __init__(self, cache: Cache, clock: Clock, counts: CacheCounts) -> None:
        """Put the parts together."""
        self._cache = cache
        self._clock = clock
        self._counts = counts
        self._again = 0.0
        self._owed: set[str] = set()
        self._settling: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    async def find(self, document_keys: Sequence[str]) -> list[Cached]:
        """Copies or leases in the order of the keys; neither while the cache is not used."""
        none = [Cached(None)] * len(document_keys)
        if self._owed or self._settling is not None or self._clock.monotonic() < self._again:
            return none
        try:
            found = await self._cache.get_many([keys.cached(key) for key in document_keys])
        except DependencyDown as error:
            self._failed(error)
            return none
        self._answered()
        hits = sum(one.value is not None for one in found)
        self._counts.hits["l2"] += hits
        self._counts.misses["l2"] += len(found) - hits
        return found

    async def fill(self, fills: Sequence[Fill]) -> None:
        """Keep copies; the keys are those of the documents."""
        try:
            await self._cache.fill_many([one._replace(key=keys.cached(one.key)) for one in fills])
        except DependencyDown as error:
            self._failed(error)

    async def remove(self, document_keys: Iterable[str]) -> None:
        """Remove copies, now or as soon as the cache answers again."""
        names = [keys.cached(key) for key in document_keys]
        if (
            self._settling is not None
            or self._clock.monotonic() < self._again
            or not await self._removed(names)
        ):
            self._owe(names)

    async def close(self) -> None:
        """Stop making up for what is owed; the cache is closed by whoever made it."""
        task, self._settling = self._settling, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _removed(self, names: Sequence[str]) -> bool:
        try:
            for first in range(0, len(names), _A_TIME):
                await self._cache.remove_many(names[first : first + _A_TIME])
        except DependencyDown as error:
            self._failed(error)
            return False
        self._answered()
        return True

    def _owe(self, names: Sequence[str]) -> None:
        if len(self._owed) + len(names) > MOST_OWED:
            # Too many to remember: by then every copy that is there today has expired.
            self._again = self._clock.monotonic() + DISTRUSTED_SECONDS
            self._owed.clear()
            return
        self._owed.update(names)
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="removals owed to the cache")

    async def _settle(self) -> None:
        try:
            while self._owed:
                await self._clock.sleep(AGAIN_SECONDS)
                names, self._owed = self._owed, set()
                if not await self._removed(list(names)):
                    self._owed |= names
        finally:
            self._settling = None

    def _failed(self, error: DependencyDown) -> None:
        self._counts.failures += 1
        self._again = max(self._again, self._clock.monotonic() + AGAIN_SECONDS)
        if self.trouble is None:
            _log.warning("the shared cache is not used: reads go to the store", reason=error.message)
        self.trouble = error.message

    def _answered(self) -> None:
        if self.trouble is not None:
            _log.warning("the shared cache answers again")
        self.trouble = None
