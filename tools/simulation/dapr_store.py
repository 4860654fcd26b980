"""State store with the ways of Dapr's component for Redis, as its adapter leaves them.

- An ETag counts the writes of a key, and begins anew when the key was gone.
- A conditional write looks first, and is refused where another version is; others run between look and write. What then arrives
  with the ETag of a key that is gone by now is applied.
- The sidecar tries again what it got no answer for, and then takes its own write for somebody else's: now and then a write that
  was applied is told as refused.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from msgspec.structs import replace

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.ports import ABSENT, Clock, Write

_REPEATED: Final = 0.02


class DaprLikeStore(MemoryStateStore):
    """Counts by key; looks and writes are two moments."""

    def __init__(self, clock: Clock, seed: int) -> None:
        super().__init__(clock)
        self._chance = random.Random(f"dapr {seed}")

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        """As somebody does it whom nobody comes between."""
        return [self._fits(write) and (await self.arrive([write], repeats=False))[0] for write in writes]

    async def look(self, writes: Sequence[Write]) -> list[bool]:
        """Which of the writes may go on their way."""
        return [self._fits(write) for write in writes]

    async def arrive(self, writes: Sequence[Write], *, repeats: bool = True) -> list[bool]:
        """What the component does with those that went."""
        told: list[bool] = []
        for write in writes:
            applied = self._arrive(write)
            again = repeats and write.expected is not None and self._chance.random() < _REPEATED
            told.append(applied and not again)
        return told

    def _fits(self, write: Write) -> bool:
        if write.expected is None:
            return True
        entry = self._get(write.key, self._clock.now_ms())
        return write.expected == (entry.version if entry else ABSENT)

    def _arrive(self, write: Write) -> bool:
        entry = self._get(write.key, self._clock.now_ms())
        count = int(entry.version.partition("-")[0]) if entry else 0
        if (
            write.expected is not None
            and entry is not None
            and write.expected.partition("-")[0] != str(count)
        ):
            return False
        self._write(replace(write, expected=None), self._clock.now_ms())
        if write.value is not None:
            held = self._held[write.key]
            version = f"{count + 1}-{crc32(write.value):08x}"
            self._held[write.key] = replace(held, entry=replace(held.entry, version=version))
        return True
