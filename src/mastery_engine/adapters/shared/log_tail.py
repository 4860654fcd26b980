"""Following a log by asking where it ends."""

from __future__ import annotations

from typing import Final, Self, final

from mastery_engine.ports import Clock, EventLog, Record

_LOOK_AGAIN_SECONDS: Final = 0.25


@final
class LogTail:
    """Follows any log that is cheap to ask, such as one in files."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        """Nothing is asked yet; see `open`.

        Args:
            log: Closed by whoever opened it.
            clock: For the waits.
        """
        self._log = log
        self._clock = clock
        self._next: dict[int, int] = {}

    async def open(self) -> Self:
        """Begin behind the newest record of each partition."""
        self._next = await self._log.ends()
        return self

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        deadline = self._clock.monotonic() + wait_seconds
        while not (found := await self._new(limit)):
            left = deadline - self._clock.monotonic()
            if left <= 0:
                break
            await self._clock.sleep(min(left, _LOOK_AGAIN_SECONDS))
        return found

    async def close(self) -> None:
        return

    async def _new(self, limit: int) -> list[Record]:
        found: list[Record] = []
        for partition, end in (await self._log.ends()).items():
            first = self._next.get(partition, 0)
            if first > end:
                # A topic that was made anew: all of it is new.
                first = 0
            if first < end and len(found) < limit:
                records = await self._log.read(partition, first, limit - len(found))
                self._next[partition] = records[-1].offset + 1 if records else end
                found += records
        return found
