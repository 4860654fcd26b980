"""Rosters: each cohort whole, found by id and by teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.database import Lease
from mastery_engine.adapters.postgres.tables import COHORTS, TEACHERS
from mastery_engine.domain.cohort import Cohort

_COHORT: Final = msgspec.json.Decoder(Cohort)
_INSERT: Final = insert(COHORTS)
_PUT: Final = _INSERT.on_conflict_do_update(
    index_elements=[COHORTS.c.tenant_id, COHORTS.c.cohort_id], set_={"body": _INSERT.excluded.body}
)
_MAKE: Final = _INSERT.on_conflict_do_nothing().returning(COHORTS.c.cohort_id)


class PostgresRosters(Lease):
    """Cohorts by tenant and id."""

    async def put(self, tenant_id: str, cohorts: Sequence[Cohort]) -> None:
        # The last of one id counts, as if they had been put one by one; in one order by all writers.
        by_id = dict(sorted({cohort.cohort_id: cohort for cohort in cohorts}.items()))
        if by_id:
            async with self._database.write() as connection:
                await _put(connection, tenant_id, by_id)

    async def replace(
        self, tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort | None
    ) -> bool:
        async with self._database.write() as connection:
            if before is None and after is not None:
                # Of two who make it at once, the second waits here for the first, and makes nothing.
                row = _row(tenant_id, cohort_id, after)
                made = await connection.execute(_MAKE, row)
                if made.scalar_one_or_none() is None:
                    return False
            else:
                this = _of(tenant_id).where(COHORTS.c.cohort_id == cohort_id).with_for_update()
                body = (await connection.scalars(this)).one_or_none()
                if (None if body is None else _COHORT.decode(body)) != before:
                    return False
            if after is None:
                await connection.execute(delete(COHORTS).where(_is(tenant_id, cohort_id)))
            else:
                await _put(connection, tenant_id, {cohort_id: after})
            return True

    async def get(self, tenant_id: str, cohort_id: str) -> Cohort | None:
        found = await self._select(_of(tenant_id).where(COHORTS.c.cohort_id == cohort_id))
        return found[0] if found else None

    async def list(
        self, tenant_id: str, *, after: str = "", limit: int = 100, teacher_id: str | None = None
    ) -> list[Cohort]:
        chosen = _of(tenant_id) if teacher_id is None else _taught_by(tenant_id, teacher_id)
        chosen = chosen.where(COHORTS.c.cohort_id > after).order_by(COHORTS.c.cohort_id)
        return await self._select(chosen.limit(limit))

    async def taught(self, tenant_id: str, teacher_id: str, students: Sequence[str], on: date) -> set[str]:
        cohorts = await self._select(_taught_by(tenant_id, teacher_id))
        found: set[str] = set()
        for cohort in cohorts:
            if any(teacher.person_id == teacher_id and teacher.covers(on) for teacher in cohort.teachers):
                found.update(cohort.members(on))
        return found.intersection(students)

    async def delete(self, tenant_id: str, cohort_id: str) -> bool:
        async with self._database.write() as connection:
            gone = await connection.execute(delete(COHORTS).where(_is(tenant_id, cohort_id)))
            return gone.rowcount > 0

    async def _select(self, chosen: Select[str]) -> list[Cohort]:
        async with self._database.read() as connection:
            return [_COHORT.decode(body) for body in (await connection.scalars(chosen)).all()]


def _of(tenant_id: str) -> Select[str]:
    return select(COHORTS.c.body).where(COHORTS.c.tenant_id == tenant_id)


def _taught_by(tenant_id: str, teacher_id: str) -> Select[str]:
    same = (TEACHERS.c.tenant_id == COHORTS.c.tenant_id) & (TEACHERS.c.cohort_id == COHORTS.c.cohort_id)
    return _of(tenant_id).join(TEACHERS, same).where(TEACHERS.c.teacher_id == teacher_id)


def _is(tenant_id: str, cohort_id: str) -> ColumnElement[bool]:
    return (COHORTS.c.tenant_id == tenant_id) & (COHORTS.c.cohort_id == cohort_id)


def _row(tenant_id: str, cohort_id: str, cohort: Cohort) -> dict[str, str]:
    return {"tenant_id": tenant_id, "cohort_id": cohort_id, "body": msgspec.json.encode(cohort).decode()}


async def _put(connection: AsyncConnection, tenant_id: str, by_id: Mapping[str, Cohort]) -> None:
    # Its row is locked from here on, and its teachers with it.
    await connection.execute(_PUT, [_row(tenant_id, *one) for one in by_id.items()])
    await connection.execute(
        delete(TEACHERS).where(TEACHERS.c.tenant_id == tenant_id, TEACHERS.c.cohort_id.in_(list(by_id)))
    )
    teachers = [
        {"tenant_id": tenant_id, "teacher_id": teacher_id, "cohort_id": cohort_id}
        for cohort_id, cohort in by_id.items()
        for teacher_id in sorted({teacher.person_id for teacher in cohort.teachers})
    ]
    if teachers:
        await connection.execute(insert(TEACHERS), teachers)
