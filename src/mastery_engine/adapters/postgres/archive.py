"""Archive in a partition a day, each event once by a narrow table of ids."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from psycopg import Error
from sqlalchemy import ARRAY, Select, any_, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.archive_rows import COPY, EPOCH, copied, date_of, part_of
from mastery_engine.adapters.postgres.archive_sql import (
    CLAIM,
    CLAIMED,
    HOLD,
    LONG,
    LONG_SECONDS,
    OLD_DAYS,
    PARTS,
    STUDENTS,
    archived,
    events,
)
from mastery_engine.adapters.postgres.database import Database, Lease, cut_off, driver_of
from mastery_engine.adapters.postgres.erasures import unerased
from mastery_engine.adapters.postgres.event_ids import packed
from mastery_engine.adapters.postgres.failures import TRANSIENT, cause
from mastery_engine.adapters.postgres.tables import EVENTS, IDS, NAMES
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import ArchivedDay, ArchivedEvent, Clock

_TRIES: Final = 5
_PAUSE_SECONDS: Final = 0.05
_READ_BATCH: Final = 2_000
_Key = tuple[str, str, str]
_by_student = attrgetter("student_id")


class PostgresArchive(Lease):
    """Every valid event of a student once."""

    def __init__(self, database: Database, clock: Clock, pseudonyms: Pseudonyms | None = None) -> None:
        """Use a database.

        Args:
            database: Its schema must be this release's.
            clock: For pauses between two tries.
            pseudonyms: By which the erasure ledger knows students; without them it is not asked.
        """
        super().__init__(database)
        self._clock = clock
        self._pseudonyms = pseudonyms

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        first: dict[_Key, ArchivedEvent] = {}
        for event in events:
            first.setdefault((event.tenant_id, event.student_id, event.event_id), event)
        if not first:
            return 0
        # Students in order: their rows, and those of the index, come to lie together.
        batch = [first[key] for key in sorted(first)]
        for attempt in range(_TRIES):
            try:
                async with self._database.write() as connection:
                    kept: Sequence[ArchivedEvent] = batch
                    if self._pseudonyms is not None:
                        kept = await unerased(connection, self._pseudonyms, batch)
                    return await _add(connection, kept) if kept else 0
            except DependencyDown as error:
                if attempt + 1 == _TRIES or not _passes(error):
                    raise
            await self._clock.sleep(_PAUSE_SECONDS * (attempt + 1))
        raise AssertionError

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        async with self._database.read() as connection:
            numbers = await _numbers(connection)
            chosen = await _of_student(connection, numbers.get(tenant_id), student_id)
            rows = await connection.execute(
                chosen.order_by(EVENTS.c.day, EVENTS.c.partition, EVENTS.c.record_offset)
            )
            return archived(rows, tenant_id, numbers)

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        turn = (EVENTS.c.day, EVENTS.c.partition, EVENTS.c.record_offset, EVENTS.c.topic_no)
        async with self._database.read() as connection:
            numbers = await _numbers(connection)
            first = None if after is None else date_of(after.day)
            chosen = await _of_student(connection, numbers.get(tenant_id), student_id, first)
            if after is not None:
                place = (first, after.partition, after.offset, numbers.get(after.topic_id, 0))
                chosen = chosen.where(tuple_(*turn) > place)
            rows = await connection.execute(chosen.order_by(*turn).limit(limit))
            return archived(rows, tenant_id, numbers)

    async def of_students(self, tenant_id: str, student_ids: Sequence[str]) -> dict[str, list[ArchivedEvent]]:
        async with self._database.read() as connection:
            numbers = await _numbers(connection)
            rows = await connection.execute(
                events().where(
                    EVENTS.c.tenant_no == numbers.get(tenant_id),
                    EVENTS.c.student_id == any_(literal(list(student_ids), ARRAY(EVENTS.c.student_id.type))),
                )
            )
            found: dict[str, list[ArchivedEvent]] = {}
            for event in archived(rows, tenant_id, numbers):
                found.setdefault(event.student_id, []).append(event)
            return found

    async def students(self, tenant_id: str, span: tuple[int, int] | None = None) -> list[str]:
        async with self._database.read() as connection:
            await connection.execute(LONG)
            tenant_no = (await _numbers(connection)).get(tenant_id)
            if span is None:
                found = await connection.scalars(STUDENTS, {"tenant_no": tenant_no})
            else:
                first, last = span
                found = await connection.scalars(
                    select(EVENTS.c.student_id)
                    .distinct()
                    .where(
                        EVENTS.c.tenant_no == tenant_no,
                        EVENTS.c.day.between(date_of(first // DAY_MS), date_of(last // DAY_MS)),
                        EVENTS.c.timestamp_ms.between(first, last),
                    )
                )
            return sorted(found)

    async def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        async with self._database.stream() as connection:
            driver = await driver_of(connection)
            with cut_off(driver, LONG_SECONDS):
                numbers = await _numbers(connection)
                await connection.execute(LONG)
                chosen = events().where(EVENTS.c.tenant_no == numbers.get(tenant_id))
                rows = await connection.stream(
                    chosen.order_by(EVENTS.c.student_id),
                    execution_options={"stream_results": True, "max_row_buffer": _READ_BATCH},
                )
            try:
                while True:
                    with cut_off(driver, LONG_SECONDS):
                        part = await rows.fetchmany(_READ_BATCH)
                    if not part:
                        return
                    for _, group in groupby(archived(part, tenant_id, numbers), key=_by_student):
                        yield list(group)
            finally:
                await rows.close()

    async def tenants(self) -> list[str]:
        with_events = select(1).where(IDS.c.tenant_no == NAMES.c.no).exists()
        async with self._database.read() as connection:
            return list(
                (
                    await connection.scalars(select(NAMES.c.name).where(with_events).order_by(NAMES.c.name))
                ).all()
            )

    async def droppable(self, tenant_id: str, day: int) -> list[ArchivedDay]:
        tenant_no, days = await self._old_days(tenant_id, day)
        found: list[ArchivedDay] = []
        for one in days:
            async with self._database.read() as connection:
                events, size = (
                    await connection.execute(
                        select(func.count(), func.sum(func.octet_length(EVENTS.c.value))).where(
                            EVENTS.c.tenant_no == tenant_no, EVENTS.c.day == one
                        )
                    )
                ).one()
            if events:
                found.append(ArchivedDay((one - EPOCH).days, events, int(size)))
        return found

    async def drop_before(self, tenant_id: str, day: int) -> int:
        tenant_no, days = await self._old_days(tenant_id, day)
        dropped = 0
        for one in days:
            # A transaction a day: what is done is done, and nobody waits for long.
            async with self._database.write(LONG_SECONDS) as connection:
                await connection.execute(LONG)
                dropped += await connection.scalar(select(func.archive_drop_day(tenant_no, one))) or 0
        return dropped

    async def remove_student(self, tenant_id: str, student_id: str) -> int:
        async with self._database.write(LONG_SECONDS) as connection:
            await connection.execute(LONG)
            await connection.execute(HOLD)
            tenant_no = (await _numbers(connection)).get(tenant_id)
            for table in (EVENTS, IDS):
                removed = await connection.execute(
                    delete(table).where(table.c.tenant_no == tenant_no, table.c.student_id == student_id)
                )
            return removed.rowcount

    async def _old_days(self, tenant_id: str, day: int) -> tuple[int | None, Sequence[date]]:
        """The tenant's number, and the days before `day` that have a partition; none for a tenant without a number."""
        async with self._database.read() as connection:
            tenant_no = (await _numbers(connection)).get(tenant_id)
            if tenant_no is None:
                return None, ()
            return tenant_no, (await connection.scalars(OLD_DAYS, {"day": date_of(day)})).all()


async def _of_student(
    connection: AsyncConnection, tenant_no: int | None, student_id: str, first: date | None = None
) -> Select[Any]:
    """A student's events from a day on; told the days, the server opens no other partition."""
    days = select(IDS.c.day).distinct().where(IDS.c.tenant_no == tenant_no, IDS.c.student_id == student_id)
    found = (await connection.scalars(days if first is None else days.where(IDS.c.day >= first))).all()
    return events().where(
        EVENTS.c.tenant_no == tenant_no,
        EVENTS.c.student_id == student_id,
        EVENTS.c.day == any_(literal(list(found), ARRAY(EVENTS.c.day.type))),
    )


async def _add(connection: AsyncConnection, batch: Sequence[ArchivedEvent]) -> int:
    """Insert what is not there; returns how many were new."""
    await connection.execute(HOLD)
    numbers = await _prepared(connection, batch)
    rows = [(event, *packed(event.event_id)) for event in batch]
    values = {
        "tenants": _array(str(numbers[event.tenant_id]) for event in batch),
        "students": [event.student_id for event in batch],
        "ids": _array(event_id.hex() for _, event_id, _ in rows),
        "days": _array(str(event.day) for event in batch),
    }
    claimed = (await connection.execute(CLAIM, values)).rowcount
    if not claimed:
        return 0
    if claimed < len(rows):
        rows = [rows[place - 1] for place in await connection.scalars(CLAIMED, values)]
    driver = await driver_of(connection)
    async with driver.cursor() as cursor, cursor.copy(COPY) as copy:
        await copy.write(copied(rows, numbers))
    return len(rows)


async def _prepared(connection: AsyncConnection, batch: Sequence[ArchivedEvent]) -> dict[str, int]:
    """Make what names and days are new; returns the numbers of the names."""
    numbers = await _numbers(connection)
    missing = {name for event in batch for name in (event.tenant_id, event.topic_id)} - numbers.keys()
    if missing:
        await connection.execute(
            insert(NAMES).on_conflict_do_nothing(), [{"name": name} for name in sorted(missing)]
        )
        numbers = await _numbers(connection)
    parts = {part_of(day): date_of(day) for day in {event.day for event in batch}}
    for there in await connection.scalars(PARTS, {"parts": list(parts)}):
        del parts[there]
    if parts:
        await connection.execute(select(func.archive_make_days(sorted(parts.values()))))
    return numbers


def _array(items: Iterable[str]) -> str:
    return f"{{{','.join(items)}}}"


async def _numbers(connection: AsyncConnection) -> dict[str, int]:
    """Numbers of all tenants and topic ids: there are few."""
    return {name: number for number, name in await connection.execute(select(NAMES.c.no, NAMES.c.name))}


def _passes(error: DependencyDown) -> bool:
    """Whether two writers met, and the loser may simply try again."""
    before = error.__cause__
    return isinstance(before, DBAPIError | Error) and isinstance(cause(before), TRANSIENT)
