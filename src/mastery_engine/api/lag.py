"""How late the event loop is: who waits for it longer than anybody would wait for an answer is not let in."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, final

EVERY_SECONDS: Final = 0.1
_IN_A_ROW: Final = 2
"""One long step, of a garbage collection for instance, is no overload."""


@final
class LoopLag:
    """Looks ten times a second how late it comes to look.

    Attributes:
        seconds: By how much it was late the last time.
    """

    def __init__(self, most_seconds: float) -> None:
        """Look at nothing yet.

        Args:
            most_seconds: What is too late; 0: nothing is.
        """
        self.seconds = 0.0
        self._most = most_seconds
        self._in_a_row = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def too_much(self) -> bool:
        """Whether the loop has been too late each of the last times."""
        return self._in_a_row >= _IN_A_ROW

    @contextmanager
    def watched(self) -> Generator[None]:
        """Look within this."""
        self._look_again()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.note(0.0)

    def note(self, seconds: float) -> None:
        """Take down by how much it was late."""
        self.seconds = seconds
        self._in_a_row = self._in_a_row + 1 if 0 < self._most < seconds else 0

    def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + EVERY_SECONDS

        def look() -> None:
            self.note(loop.time() - due)
            self._look_again()

        self._timer = loop.call_at(due, look)
