"""Erasures in a dictionary."""

from __future__ import annotations

from collections.abc import Sequence

from mastery_engine.contracts.erasure import (
    Erasure,
    ErasureState,
    ErasureStep,
    check_hash,
    erasures,
    next_step,
    steps_to_learn,
)


class MemoryErasureLedger:
    """Steps by tenant and student."""

    def __init__(self) -> None:
        """Start empty."""
        self._steps: dict[tuple[str, str], list[ErasureStep]] = {}

    async def ask(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure:
        check_hash("by", by)
        found = self._take(tenant_id, student, "asked", at_ms, by)
        assert found is not None, "it was asked for just now"  # noqa: S101
        return found

    async def finish(self, tenant_id: str, student: str, at_ms: int) -> Erasure | None:
        return self._take(tenant_id, student, "done", at_ms, None)

    async def lift(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure | None:
        check_hash("by", by)
        return self._take(tenant_id, student, "lifted", at_ms, by)

    async def learn(self, there: Erasure) -> bool:
        check_hash("student", there.student)
        check_hash("by", there.asked_by)
        before = self._of(there.tenant_id, there.student)
        steps = steps_to_learn(before[-1] if before else None, there)
        self._steps.setdefault((there.tenant_id, there.student), []).extend(steps)
        return bool(steps)

    async def find(self, tenant_id: str, students: Sequence[str]) -> dict[str, Erasure]:
        latest = self.latest_of_all(students)
        return {student: one for student, one in latest.items() if one.tenant_id == tenant_id}

    def latest_of_all(self, students: Sequence[str]) -> dict[str, Erasure]:
        """The same in all tenants and at once, for the archive beside it."""
        return {
            student: self._of(tenant_id, student)[-1]
            for tenant_id, student in self._steps
            if student in students
        }

    async def of_student(self, tenant_id: str, student: str) -> list[Erasure]:
        return self._of(tenant_id, student)

    async def waiting(self, limit: int = 100) -> list[Erasure]:
        latest = [self._of(tenant_id, student)[-1] for tenant_id, student in self._steps]
        waiting = [one for one in latest if one.state == "asked"]
        return sorted(waiting, key=lambda one: (one.asked_ms, one.student))[:limit]

    async def latest(self, after: str = "", limit: int = 1_000) -> list[Erasure]:
        students = sorted(student for _, student in self._steps if student > after)[:limit]
        return [one for _, one in sorted(self.latest_of_all(students).items())]

    async def close(self) -> None:
        return

    def _of(self, tenant_id: str, student: str) -> list[Erasure]:
        return erasures(tenant_id, student, self._steps.get((tenant_id, student), ()))

    def _take(
        self, tenant_id: str, student: str, kind: ErasureState, at_ms: int, by: str | None
    ) -> Erasure | None:
        check_hash("student", student)
        before = self._of(tenant_id, student)
        step = next_step(before[-1] if before else None, kind, at_ms, by)
        if step is not None:
            self._steps.setdefault((tenant_id, student), []).append(step)
        return next(reversed(self._of(tenant_id, student)), None)
