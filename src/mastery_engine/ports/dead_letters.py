"""The dead letters of record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mastery_engine.contracts.dead_letter import DeadLetter, LetterStatus


class DeadLetters(Protocol):
    """The dead letters of record."""

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        """Insert those whose id is not there yet; returns how many were new."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """The letter of that id."""
        ...

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        status: LetterStatus | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        """Letters in the order of their ids, those after the id `after`; None of a filter means any."""
        ...

    async def replace(self, letter: DeadLetter, expected: DeadLetter) -> bool:
        """Put `letter` in place of `expected` (same id); False if it is no longer like that."""
        ...

    async def counts(self) -> dict[LetterStatus, int]:
        """Number of letters by status, every status told."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
