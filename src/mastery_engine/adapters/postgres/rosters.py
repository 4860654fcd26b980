"""Rosters: each cohort whole, found by id and by teacher."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert

from mastery_engine.adapters.postgres.database import Lease
from mastery_engine.adapters.postgres.tables import COHORTS, TEACHERS
from mastery_engine.domain.cohort import Cohort

_COHORT: Final = msgspec.json.Decoder(Cohort)
_INSERT: Final = insert(COHORTS)
_PUT: Final = _INSERT.on_conflict_do_update(
    index_elements=[COHORTS.c.tenant_id, COHORTS.c.cohort_id], set_={"body": _INSERT.excluded.body}
)


class PostgresRosters(Lease):
    """Cohorts by tenant and id."""

    async def put(self, tenant_id: str, cohorts: Sequence[Cohort]) -> None:
        # The last of one id counts, as if they had been put one by one; in one order by all writers.
        by_id = dict(sorted({cohort.cohort_id: cohort for cohort in cohorts}.items()))
        if not by_id:
            return
        teachers = [
            {"tenant_id": tenant_id, "teacher_id": teacher_id, "cohort_id": cohort_id}
            for cohort_id, cohort in by_id.items()
            for teacher_id in sorted({teacher.person_id for teacher in cohort.teachers})
        ]
        async with self._database.write() as connection:
            # Its row is locked from here on, and its teachers with it.
            await connection.execute(
                _PUT,
                [
                    {
                        "tenant_id": tenant_id,
                        "cohort_id": cohort_id,
                        "body": msgspec.json.encode(cohort).decode(),
                    }
                    for cohort_id, cohort in by_id.items()
                ],
            )
            await connection.execute(
                delete(TEACHERS).where(
                    TEACHERS.c.tenant_id == tenant_id, TEACHERS.c.cohort_id.in_(list(by_id))
                )
            )
            if teachers:
                await connection.execute(insert(TEACHERS), teachers)

    async def get(self, tenant_id: str, cohort_id: str) -> Cohort | None:
        found = await self._select(_of(tenant_id).where(COHORTS.c.cohort_id == cohort_id))
        return found[0] if found else None

    async def list(self, tenant_id: str, *, after: str = "", limit: int = 100) -> list[Cohort]:
        chosen = _of(tenant_id).where(COHORTS.c.cohort_id > after).order_by(COHORTS.c.cohort_id)
        return await self._select(chosen.limit(limit))

    async def taught(self, tenant_id: str, teacher_id: str, students: Sequence[str], on: date) -> set[str]:
        same = (TEACHERS.c.tenant_id == COHORTS.c.tenant_id) & (TEACHERS.c.cohort_id == COHORTS.c.cohort_id)
        cohorts = await self._select(
            _of(tenant_id).join(TEACHERS, same).where(TEACHERS.c.teacher_id == teacher_id)
        )
        found: set[str] = set()
        for cohort in cohorts:
            if any(teacher.person_id == teacher_id and teacher.covers(on) for teacher in cohort.teachers):
                found.update(cohort.members(on))
        return found.intersection(students)

    async def delete(self, tenant_id: str, cohort_id: str) -> bool:
        this = (COHORTS.c.tenant_id == tenant_id) & (COHORTS.c.cohort_id == cohort_id)
        async with self._database.write() as connection:
            return (await connection.execute(delete(COHORTS).where(this))).rowcount > 0

    async def _select(self, chosen: Select[str]) -> list[Cohort]:
        async with self._database.read() as connection:
            return [_COHORT.decode(body) for body in (await connection.scalars(chosen)).all()]


def _of(tenant_id: str) -> Select[str]:
    return select(COHORTS.c.body).where(COHORTS.c.tenant_id == tenant_id)
