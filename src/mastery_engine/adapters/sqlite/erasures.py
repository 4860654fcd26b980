"""The erasure ledger: one row a step, in the file of the archive that it guards."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from mastery_engine.adapters.shared.unerased import (
    StudentHashes,
    in_turn,
    latest_of,
    owner_hashes,
    unerased_letters,
)
from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import select_in
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

_OF: Final = "SELECT number, kind, at_ms, actor FROM erasures WHERE tenant_id = ? AND student = ?"
_SELECT: Final = "SELECT tenant_id, student, number, kind, at_ms, actor FROM erasures"
_WAITING: Final = (
    "SELECT tenant_id, student, number, kind, at_ms, actor FROM erasures AS asked WHERE kind = 'asked' AND NOT EXISTS "
    "(SELECT 1 FROM erasures AS done WHERE done.student = asked.student AND done.number = asked.number "
    "AND done.kind = 'done') ORDER BY at_ms, student LIMIT ?"
)
_AFTER: Final = (
    "SELECT tenant_id, student, number, kind, at_ms, actor FROM erasures WHERE student IN "
    "(SELECT DISTINCT student FROM erasures WHERE student > ? ORDER BY student LIMIT ?)"
)
_INSERT: Final = (
    "INSERT INTO erasures (tenant_id, student, number, kind, at_ms, actor) VALUES (?, ?, ?, ?, ?, ?)"
)


class SqliteErasureLedger(Lease):
    """Steps by student; each write reads what is there in its own transaction."""

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

        def job(connection: sqlite3.Connection) -> bool:
            before = _of(connection, there.tenant_id, there.student)
            steps = steps_to_learn(before[-1] if before else None, there)
            connection.executemany(_INSERT, [(there.tenant_id, there.student, *step) for step in steps])
            return bool(steps)

        return await self._database.write(job)

    async def find(self, tenant_id: str, students: Sequence[str]) -> dict[str, Erasure]:
        select = f"{_SELECT} WHERE student IN"
        rows = await self._database.read(lambda connection: select_in(connection, select, students))
        return latest_of(row for row in rows if row[0] == tenant_id)

    async def of_student(self, tenant_id: str, student: str) -> list[Erasure]:
        return await self._database.read(lambda connection: _of(connection, tenant_id, student))

    async def waiting(self, limit: int = 100) -> list[Erasure]:
        rows = await self._database.read(lambda connection: connection.execute(_WAITING, (limit,)).fetchall())
        return in_turn(rows)

    async def latest(self, after: str = "", limit: int = 1_000) -> list[Erasure]:
        rows = await self._database.read(
            lambda connection: connection.execute(_AFTER, (after, limit)).fetchall()
        )
        return [one for _, one in sorted(latest_of(rows).items())]

    async def _take(
        self, tenant_id: str, student: str, kind: ErasureState, at_ms: int, by: str | None
    ) -> Erasure | None:
        check_hash("student", student)

        def job(connection: sqlite3.Connection) -> Erasure | None:
            before = _of(connection, tenant_id, student)
            step = next_step(before[-1] if before else None, kind, at_ms, by)
            if step is not None:
                connection.execute(_INSERT, (tenant_id, student, *step))
            return next(reversed(_of(connection, tenant_id, student)), None)

        return await self._database.write(job)


def unerased(
    connection: sqlite3.Connection, pseudonyms: Pseudonyms, events: Sequence[ArchivedEvent]
) -> Sequence[ArchivedEvent]:
    """The events that no erasure refuses; asked in the transaction that adds them, so that none slips in between."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM erasures)").fetchone() == (0,):
        return events
    students = StudentHashes(pseudonyms, events)
    rows = select_in(connection, f"{_SELECT} WHERE student IN", students.hashes)
    return students.unerased(events, latest_of(rows))


def unerased_of(
    connection: sqlite3.Connection, pseudonyms: Pseudonyms, letters: Sequence[DeadLetter]
) -> Sequence[DeadLetter]:
    """The dead letters that no erasure refuses, asked in the transaction that adds them."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM erasures)").fetchone() == (0,):
        return letters
    rows = select_in(connection, f"{_SELECT} WHERE student IN", owner_hashes(pseudonyms, letters))
    return unerased_letters(pseudonyms, letters, latest_of(rows))


def _of(connection: sqlite3.Connection, tenant_id: str, student: str) -> list[Erasure]:
    rows = connection.execute(_OF, (tenant_id, student)).fetchall()
    return erasures(tenant_id, student, [ErasureStep(*row) for row in rows])
