"""Time as a port."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that nothing else asks the machine for it."""

    def now_ms(self) -> int:
        """Wall clock, Unix milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back, for deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...
