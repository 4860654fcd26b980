"""The dead letters of record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mastery_engine.contracts.dead_letter import DeadLetter, LetterStatus


class DeadLetterSink(Protocol):
    """Where a worker sends what cannot count."""

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        """Take, durably, those whose id is not there yet; returns how many were new, as far as the sink can tell.

        Letters of record are passed over where an erasure of their student refuses them, as the ledger beside them says in the
        same transaction.
        """
        ...


class DeadLetters(DeadLetterSink, Protocol):
    """The dead letters of record."""

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
        """Put `letter` in place of `expected` (same id); False if it is no longer like that, or its student is erased."""
        ...

    async def remove(self, letter_ids: Sequence[str]) -> int:
        """Remove letters; returns how many were there."""
        ...

    async def counts(self) -> dict[LetterStatus, int]:
        """Number of letters by status, every status told."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
