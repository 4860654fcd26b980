"""Who is erased, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mastery_engine.contracts.erasure import Erasure


class ErasureLedger(Protocol):
    """Append-only: an erasure is asked for, done, and may be lifted. Each step counts once, and the first one stands.

    Students and those who act are known by keyed hashes alone. From the asking on, the archive beside the ledger adds no event
    that the erasure refuses; what is being added meanwhile has been when `ask` returns.
    """

    async def ask(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure:
        """The erasure of a student that is in force, begun now if there is none.

        Raises:
            InvalidInput: A student or actor is no keyed hash.
        """
        ...

    async def finish(self, tenant_id: str, student: str, at_ms: int) -> Erasure | None:
        """Note that everything has been removed; returns the student's latest erasure as it is then, None without any."""
        ...

    async def lift(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure | None:
        """Lift the marker of an erasure that is done; returns the student's latest erasure as it is then, None without any.

        Raises:
            InvalidInput: A student or actor is no keyed hash.
        """
        ...

    async def learn(self, there: Erasure) -> bool:
        """Take over what a copy of the ledger knows of a student (`steps_to_learn`); returns whether it was news.

        Raises:
            InvalidInput: A student or actor is no keyed hash.
        """
        ...

    async def find(self, tenant_id: str, students: Sequence[str]) -> dict[str, Erasure]:
        """The latest erasure of those of the students who have one."""
        ...

    async def of_student(self, tenant_id: str, student: str) -> list[Erasure]:
        """Every erasure of a student, in order."""
        ...

    async def waiting(self, limit: int = 100) -> list[Erasure]:
        """Those of all tenants that are asked for and not done, the oldest first."""
        ...

    async def latest(self, after: str = "", limit: int = 1_000) -> list[Erasure]:
        """The latest erasure of each student of all tenants, by keyed hash, from the next after `after` on."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
