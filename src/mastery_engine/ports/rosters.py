"""Classes with their teachers and students."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from mastery_engine.domain.cohort import Cohort


class Rosters(Protocol):
    """Classes of a tenant with their teachers and students."""

    async def put(self, tenant_id: str, cohorts: Sequence[Cohort]) -> None:
        """Store each cohort whole, in place of one of the same id."""
        ...

    async def get(self, tenant_id: str, cohort_id: str) -> Cohort | None:
        """The cohort of that id."""
        ...

    async def replace(
        self, tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort | None
    ) -> bool:
        """Put `after` in the place of `before`, None for no cohort of that id; False if it is no longer like that."""
        ...

    async def list(
        self, tenant_id: str, *, after: str = "", limit: int = 100, teacher_id: str | None = None
    ) -> list[Cohort]:
        """Cohorts in the order of their ids, those after the id `after`; only those that name the teacher on any day."""
        ...

    async def taught(self, tenant_id: str, teacher_id: str, students: Sequence[str], on: date) -> set[str]:
        """Those of the students who are, on that day, in a class of the teacher."""
        ...

    async def delete(self, tenant_id: str, cohort_id: str) -> bool:
        """Remove a cohort; False if there was none."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
