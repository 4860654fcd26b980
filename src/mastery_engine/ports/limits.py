"""How often somebody may come, counted where all replicas look."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

WINDOW_SECONDS: Final = 60
"""Length of the window that slides: at most so many in any 60 seconds."""


class Standing(NamedTuple):
    """How somebody stands after having come.

    Attributes:
        passed: Whether they may; who may not is not counted.
        remaining: How many more would pass now.
        wait_ms: Milliseconds until one more passes than now; for who was refused, until the next one passes.
    """

    passed: bool
    remaining: int
    wait_ms: int


class Limits(Protocol):
    """A log of the moments at which each key has passed in the last 60 seconds: exact, and no longer than the limit."""

    async def take(self, key: str, most: int) -> Standing:
        """Come, and pass if fewer than `most` have in the 60 seconds before.

        Args:
            key: Who comes, and where to; no id of a person.
            most: At least 1.

        Raises:
            DependencyDown: Nobody knows in time; it may have been counted.
        """
        ...

    async def ping(self) -> None:
        """Return if it answers."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
