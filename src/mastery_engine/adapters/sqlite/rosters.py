"""Rosters: each cohort whole, found by id and by teacher."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import insert
from mastery_engine.domain.cohort import Cohort

_COHORT: Final = msgspec.json.Decoder(Cohort)


class SqliteRosters(Lease):
    """Cohorts by tenant and id."""

    async def put(self, tenant_id: str, cohorts: Sequence[Cohort]) -> None:
        # The last of one id counts, as if they had been put one by one.
        by_id = {cohort.cohort_id: cohort for cohort in cohorts}
        await self._database.write(lambda connection: _put(connection, tenant_id, by_id))

    async def replace(
        self, tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort | None
    ) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            row = connection.execute(
                "SELECT body FROM cohorts WHERE tenant_id = ? AND cohort_id = ?", (tenant_id, cohort_id)
            ).fetchone()
            if (None if row is None else _COHORT.decode(row[0])) != before:
                return False
            if after is None:
                _delete(connection, tenant_id, [cohort_id])
            else:
                _put(connection, tenant_id, {cohort_id: after})
            return True

        return await self._database.write(job)

    async def get(self, tenant_id: str, cohort_id: str) -> Cohort | None:
        found = await self._select(
            "SELECT body FROM cohorts WHERE tenant_id = ? AND cohort_id = ?", tenant_id, cohort_id
        )
        return found[0] if found else None

    async def list(
        self, tenant_id: str, *, after: str = "", limit: int = 100, teacher_id: str | None = None
    ) -> list[Cohort]:
        if teacher_id is not None:
            return await self._select(
                "SELECT body FROM cohort_teachers JOIN cohorts USING (tenant_id, cohort_id) "
                "WHERE tenant_id = ? AND teacher_id = ? AND cohort_id > ? ORDER BY cohort_id LIMIT ?",
                tenant_id,
                teacher_id,
                after,
                limit,
            )
        return await self._select(
            "SELECT body FROM cohorts WHERE tenant_id = ? AND cohort_id > ? ORDER BY cohort_id LIMIT ?",
            tenant_id,
            after,
            limit,
        )

    async def taught(self, tenant_id: str, teacher_id: str, students: Sequence[str], on: date) -> set[str]:
        cohorts = await self._select(
            "SELECT body FROM cohort_teachers JOIN cohorts USING (tenant_id, cohort_id) "
            "WHERE tenant_id = ? AND teacher_id = ?",
            tenant_id,
            teacher_id,
        )
        found: set[str] = set()
        for cohort in cohorts:
            if any(teacher.person_id == teacher_id and teacher.covers(on) for teacher in cohort.teachers):
                found.update(cohort.members(on))
        return found.intersection(students)

    async def delete(self, tenant_id: str, cohort_id: str) -> bool:
        return await self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM cohorts WHERE tenant_id = ? AND cohort_id = ?", (tenant_id, cohort_id)
                ).rowcount
                > 0
            )
        )

    async def _select(self, select: str, *values: str | int) -> list[Cohort]:
        rows = await self._database.read(lambda connection: connection.execute(select, values).fetchall())
        return [_COHORT.decode(body) for (body,) in rows]


def _put(connection: sqlite3.Connection, tenant_id: str, by_id: Mapping[str, Cohort]) -> None:
    _delete(connection, tenant_id, by_id)
    insert(
        connection,
        "INSERT INTO cohorts (tenant_id, cohort_id, body)",
        [(tenant_id, cohort_id, msgspec.json.encode(cohort)) for cohort_id, cohort in by_id.items()],
    )
    insert(
        connection,
        "INSERT INTO cohort_teachers (tenant_id, teacher_id, cohort_id)",
        [
            (tenant_id, teacher_id, cohort_id)
            for cohort_id, cohort in by_id.items()
            for teacher_id in sorted({teacher.person_id for teacher in cohort.teachers})
        ],
    )


def _delete(connection: sqlite3.Connection, tenant_id: str, cohort_ids: Iterable[str]) -> None:
    connection.executemany(
        "DELETE FROM cohorts WHERE tenant_id = ? AND cohort_id = ?",
        [(tenant_id, cohort_id) for cohort_id in cohort_ids],
    )
