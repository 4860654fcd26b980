"""What the caches have done, counted from the start of the process."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Level = Literal["l1", "l2"]


class CacheCounts(Struct):
    """Counts; the names are those of the metrics to come.

    Attributes:
        hits: By level, keys that were found there.
        misses: By level, keys that were looked for there and not found.
        joins: Keys that waited for a read of the store that was already under way.
        evictions: Entries of L1 that were dropped because their document has changed.
        crowded_out: Entries of L1 that were dropped for want of space.
        stale: Entries of L1 that had been read before the change that evicted them: what a reader could have seen too old.
        overtaken: Reads whose result was not kept, because the document changed meanwhile.
        corrupt: Copies in L2 that could not be read.
        failures: Times that L2 did not answer.
    """

    hits: dict[Level, int]
    misses: dict[Level, int]
    joins: int = 0
    evictions: int = 0
    crowded_out: int = 0
    stale: int = 0
    overtaken: int = 0
    corrupt: int = 0
    failures: int = 0

    @classmethod
    def zero(cls) -> CacheCounts:
        """Nothing has happened yet."""
        return cls(hits={"l1": 0, "l2": 0}, misses={"l1": 0, "l2": 0})
