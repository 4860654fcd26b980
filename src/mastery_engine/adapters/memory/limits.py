"""Limits of one process, for who stands alone, and for when the shared ones do not answer."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import Final, final

from mastery_engine.ports import WINDOW_SECONDS, Clock, Standing

MOST_KEYS: Final = 100_000
_SWEPT_AT_ONCE: Final = 2


@final
class MemoryLimits:
    """By key the moments that count, the oldest first; keys in the order in which they last passed."""

    def __init__(self, clock: Clock, most_keys: int = MOST_KEYS) -> None:
        """Nobody has come yet.

        Args:
            clock: Its monotonic seconds count.
            most_keys: Most keys that are kept; of more, the one that passed longest ago is forgotten.
        """
        self._clock = clock
        self._most_keys = most_keys
        self._logs: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are kept."""
        return len(self._logs)

    def look(self, key: str, most: int) -> Standing:
        """How somebody would stand, without counting anything; `passed` says whether they would pass."""
        now = self._clock.monotonic()
        log = self._log(key, now)
        return self._standing(log, most, now, passes=len(log) < most)

    def count(self, key: str, most: int) -> Standing:
        """`take`, without waiting for anybody."""
        now = self._clock.monotonic()
        log = self._log(key, now)
        passes = len(log) < most
        if passes:
            log.append(now)
            self._logs[key] = log
            self._logs.move_to_end(key)
            self._sweep(now)
        return self._standing(log, most, now, passes=passes)

    async def take(self, key: str, most: int) -> Standing:
        return self.count(key, most)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    def _log(self, key: str, now: float) -> deque[float]:
        log = self._logs.get(key)
        if log is None:
            return deque()
        while log and log[0] + WINDOW_SECONDS <= now:
            log.popleft()
        return log

    def _standing(self, log: deque[float], most: int, now: float, *, passes: bool) -> Standing:
        if not log:
            return Standing(passes, most, 0)
        # A limit that was lowered leaves more in the log than it allows: then not the oldest has to go, but a later one.
        leaves = log[max(0, len(log) - most)] + WINDOW_SECONDS
        return Standing(passes, max(0, most - len(log)), max(1, math.ceil((leaves - now) * 1_000)))

    def _sweep(self, now: float) -> None:
        """Forget who has not passed for a minute, a few at a time, and who is one too many."""
        for _ in range(_SWEPT_AT_ONCE):
            oldest, log = next(iter(self._logs.items()))
            if log and log[-1] + WINDOW_SECONDS > now:
                break
            del self._logs[oldest]
        if len(self._logs) > self._most_keys:
            self._logs.popitem(last=False)
