"""The erasure ledger: one row a step, in the database of the archive that it guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, Text, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.database import Lease
from mastery_engine.adapters.postgres.tables import ERASURES
from mastery_engine.adapters.shared.unerased import (
    StudentHashes,
    in_turn,
    latest_of,
    owner_hashes,
    unerased_letters,
)
from mastery_engine.contracts.erasure import (
    Erasure,
    ErasureState,
    ErasureStep,
    check_hash,
    erasures,
    next_step,
    steps_to_learn,
)
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import ArchivedEvent, DeadLetter

_LOCK: Final = (0x6D617374, 3)
"""Shared by those who add events, and alone for who takes a step; ("mast", 0) to ("mast", 2) are others'."""
_HOLD_OFF: Final = select(func.pg_advisory_xact_lock(*_LOCK))
_ADDING: Final = select(func.pg_advisory_xact_lock_shared(*_LOCK))
_ANY: Final = select(select(ERASURES.c.number).exists())
_STEPS: Final[Select[*tuple[Any, ...]]] = select(
    ERASURES.c.tenant_id,
    ERASURES.c.student,
    ERASURES.c.number,
    ERASURES.c.kind,
    ERASURES.c.at_ms,
    ERASURES.c.actor,
)
_OF_MANY: Final = _STEPS.where(
    ERASURES.c.student == any_(cast(bindparam("students", type_=Text), ARRAY(Text)))
)


class PostgresErasureLedger(Lease):
    """Steps by student, taken one after another; whoever adds events meanwhile has done so before."""

    async def ask(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure:
        check_hash("by", by)
        found = await self._take(tenant_id, student, "asked", at_ms, by)
        assert found is not None, "it was asked for just now"  # noqa: S101
        return found

    async def finish(self, tenant_id: str, student: str, at_ms: int) -> Erasure | None:
        return await self._take(tenant_id, student, "done", at_ms, None)

    async def lift(self, tenant_id: str, student: str, at_ms: int, by: str) -> Erasure | None:
        check_hash("by", by)
        return await self._take(tenant_id, student, "lifted", at_ms, by)

    async def learn(self, there: Erasure) -> bool:
        check_hash("student", there.student)
        check_hash("by", there.asked_by)
        async with self._database.write() as connection:
            await connection.execute(_HOLD_OFF)
            before = await _of(connection, there.tenant_id, there.student)
            steps = steps_to_learn(before[-1] if before else None, there)
            if steps:
                await connection.execute(
                    insert(ERASURES), [_row(there.tenant_id, there.student, step) for step in steps]
                )
            return bool(steps)

    async def find(self, tenant_id: str, students: Sequence[str]) -> dict[str, Erasure]:
        async with self._database.read() as connection:
            rows = await _rows(connection, students)
        return latest_of(row for row in rows if row[0] == tenant_id)

    async def of_student(self, tenant_id: str, student: str) -> list[Erasure]:
        async with self._database.read() as connection:
            return await _of(connection, tenant_id, student)

    async def waiting(self, limit: int = 100) -> list[Erasure]:
        done = ERASURES.alias()
        is_done = select(1).where(
            done.c.student == ERASURES.c.student, done.c.number == ERASURES.c.number, done.c.kind == "done"
        )
        chosen = _STEPS.where(ERASURES.c.kind == "asked", ~is_done.exists())
        async with self._database.read() as connection:
            rows = await connection.execute(
                chosen.order_by(ERASURES.c.at_ms, ERASURES.c.student).limit(limit)
            )
            return in_turn(rows)

    async def latest(self, after: str = "", limit: int = 1_000) -> list[Erasure]:
        students = select(ERASURES.c.student).where(ERASURES.c.student > after).distinct()
        chosen = students.order_by(ERASURES.c.student).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(_STEPS.where(ERASURES.c.student.in_(chosen)))).all()
        return [one for _, one in sorted(latest_of(rows).items())]

    async def _take(
        self, tenant_id: str, student: str, kind: ErasureState, at_ms: int, by: str | None
    ) -> Erasure | None:
        check_hash("student", student)
        async with self._database.write() as connection:
            await connection.execute(_HOLD_OFF)
            before = await _of(connection, tenant_id, student)
            step = next_step(before[-1] if before else None, kind, at_ms, by)
            if step is None:
                return before[-1] if before else None
            await connection.execute(insert(ERASURES), [_row(tenant_id, student, step)])
            return (await _of(connection, tenant_id, student))[-1]


async def unerased(
    connection: AsyncConnection, pseudonyms: Pseudonyms, events: Sequence[ArchivedEvent]
) -> Sequence[ArchivedEvent]:
    """The events that no erasure refuses; until the transaction ends, none comes into force."""
    await connection.execute(_ADDING)
    # Asked by itself: most ledgers are empty, and hashes of all students would cost a tenth of the whole.
    if not await connection.scalar(_ANY):
        return events
    students = StudentHashes(pseudonyms, events)
    return students.unerased(events, latest_of(await _rows(connection, students.hashes)))


async def unerased_of(
    connection: AsyncConnection, pseudonyms: Pseudonyms, letters: Sequence[DeadLetter]
) -> Sequence[DeadLetter]:
    """The dead letters that no erasure refuses; until the transaction ends, none comes into force."""
    await connection.execute(_ADDING)
    if not await connection.scalar(_ANY):
        return letters
    latest = latest_of(await _rows(connection, owner_hashes(pseudonyms, letters)))
    return unerased_letters(pseudonyms, letters, latest)


def _row(tenant_id: str, student: str, step: ErasureStep) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "student": student,
        "number": step.number,
        "kind": step.kind,
        "at_ms": step.at_ms,
        "actor": step.by,
    }


async def _rows(connection: AsyncConnection, students: Sequence[str]) -> Sequence[Sequence[Any]]:
    return (await connection.execute(_OF_MANY, {"students": f"{{{','.join(students)}}}"})).all()


async def _of(connection: AsyncConnection, tenant_id: str, student: str) -> list[Erasure]:
    rows = await connection.execute(
        _STEPS.where(ERASURES.c.tenant_id == tenant_id, ERASURES.c.student == student)
    )
    return erasures(tenant_id, student, [ErasureStep(*row[2:]) for row in rows])
