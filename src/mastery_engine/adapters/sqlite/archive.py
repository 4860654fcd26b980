"""Archive by student: a student's events lie together."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.erasures import unerased
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.adapters.sqlite.uuids import packed, unpacked
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import ArchivedDay, ArchivedEvent

_READ_BATCH: Final = 2_000
_DROP_BATCH: Final = 5_000
_INSERT: Final = (
    "INSERT INTO events (tenant_no, student_id, event_id, day, timestamp, topic_no, partition, "
    "record_offset, appended_ms, value, corrected_by)"
)
_SELECT: Final = (
    "SELECT student_id, event_id, day, timestamp, topic_no, partition, record_offset, appended_ms, value, "
    "corrected_by FROM events "
)
_OF_STUDENT: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND student_id = ? "  # noqa: S608 - constant
    "ORDER BY day, partition, record_offset"
)
_PAGE_OF_STUDENT: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND student_id = ? "  # noqa: S608 - constant
    "AND (day, partition, record_offset, topic_no) > (?, ?, ?, coalesce((SELECT no FROM names WHERE name = ?), 0)) "
    "ORDER BY day, partition, record_offset, topic_no LIMIT ?"
)
_BEFORE_ALL: Final = (-(1 << 62), 0, 0, "")
_AFTER: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) "  # noqa: S608 - constant
    "AND (student_id, event_id) > (?, ?) ORDER BY student_id, event_id LIMIT ?"
)
_OF_STUDENTS: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) "  # noqa: S608 - constant
    "AND student_id IN (SELECT value FROM json_each(?))"
)
# From one student to the next in the index; the events of each are leapt over.
_STUDENTS: Final = """
    WITH RECURSIVE
    of(tenant) AS (SELECT no FROM names WHERE name = ?),
    one(student_id) AS (
        SELECT min(student_id) FROM events WHERE tenant_no = (SELECT tenant FROM of)
        UNION ALL
        SELECT (
            SELECT min(events.student_id) FROM events
            WHERE tenant_no = (SELECT tenant FROM of) AND events.student_id > one.student_id
        ) FROM one WHERE one.student_id IS NOT NULL
    )
    SELECT student_id FROM one WHERE student_id IS NOT NULL ORDER BY student_id
"""
_STUDENTS_WITHIN: Final = (
    "SELECT DISTINCT student_id FROM events WHERE tenant_no = (SELECT no FROM names WHERE name = ?) "
    "AND timestamp BETWEEN ? AND ? ORDER BY student_id"
)
_TENANTS: Final = (
    "SELECT name FROM names WHERE EXISTS (SELECT 1 FROM events WHERE tenant_no = no) ORDER BY name"
)
_DAYS_AFTER: Final = (
    "SELECT tenant_no, student_id, event_id, day FROM events "
    "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) "
    "AND (student_id, event_id) > (?, ?) ORDER BY student_id, event_id LIMIT ?"
)
_OLD_DAYS: Final = (
    "SELECT day, count(*), sum(length(value)) FROM events "
    "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND day < ? GROUP BY day ORDER BY day"
)
_REMOVE: Final = (
    "DELETE FROM events WHERE (tenant_no, student_id, event_id) IN (SELECT tenant_no, student_id, event_id FROM events "
    "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND student_id = ? LIMIT ?)"
)
_by_student = attrgetter("student_id")
_Place = tuple[str, bytes | str]
"""Student and event id, as they lie in the file."""


class SqliteArchive(Lease):
    """Every valid event of a student once."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms | None = None) -> None:
        """Use a database with `ARCHIVE_SCHEMA`.

        Args:
            database: Open.
            pseudonyms: By which the erasure ledger knows students; without them it is not asked.
        """
        super().__init__(database)
        self._pseudonyms = pseudonyms

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        def job(connection: sqlite3.Connection) -> int:
            if self._pseudonyms is None:
                return _add(connection, events)
            return _add(connection, unerased(connection, self._pseudonyms, events))

        return await self._database.write(job) if events else 0

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        return await self._database.read(
            lambda connection: _read(connection, tenant_id, _OF_STUDENT, student_id)
        )

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        place = _BEFORE_ALL if after is None else (after.day, after.partition, after.offset, after.topic_id)
        return await self._database.read(
            lambda connection: _read(connection, tenant_id, _PAGE_OF_STUDENT, student_id, *place, limit)
        )

    async def of_students(self, tenant_id: str, student_ids: Sequence[str]) -> dict[str, list[ArchivedEvent]]:
        wanted = msgspec.json.encode(sorted(student_ids)).decode()
        events = await self._database.read(
            lambda connection: _read(connection, tenant_id, _OF_STUDENTS, wanted)
        )
        found: dict[str, list[ArchivedEvent]] = {}
        for event in events:
            found.setdefault(event.student_id, []).append(event)
        return found

    async def students(self, tenant_id: str, span: tuple[int, int] | None = None) -> list[str]:
        select = _STUDENTS if span is None else _STUDENTS_WITHIN
        rows = await self._database.read(
            lambda connection: connection.execute(select, (tenant_id, *(span or ()))).fetchall()
        )
        return [student_id for (student_id,) in rows]

    async def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        last: _Place = ("", "")
        while True:
            events = await self._database.read(
                lambda connection, last=last: _read(connection, tenant_id, _AFTER, *last, _READ_BATCH)
            )
            for _, group in groupby(events, key=_by_student):
                yield list(group)
            if len(events) < _READ_BATCH:
                return
            last = (events[-1].student_id, packed(events[-1].event_id))

    async def tenants(self) -> list[str]:
        rows = await self._database.read(lambda connection: connection.execute(_TENANTS).fetchall())
        return [name for (name,) in rows]

    async def droppable(self, tenant_id: str, day: int) -> list[ArchivedDay]:
        rows = await self._database.read(
            lambda connection: connection.execute(_OLD_DAYS, (tenant_id, day)).fetchall()
        )
        return [ArchivedDay(*row) for row in rows]

    async def drop_before(self, tenant_id: str, day: int) -> int:
        dropped = 0
        last: _Place | None = ("", "")
        while last is not None:
            last, part = await self._database.write(
                lambda connection, last=last: _drop_after(connection, tenant_id, day, last)
            )
            dropped += part
        return dropped

    async def remove_student(self, tenant_id: str, student_id: str) -> int:
        removed = 0
        while True:
            part = await self._database.write(
                lambda connection: connection.execute(_REMOVE, (tenant_id, student_id, _DROP_BATCH)).rowcount
            )
            removed += part
            if part < _DROP_BATCH:
                return removed


def _add(connection: sqlite3.Connection, events: Sequence[ArchivedEvent]) -> int:
    names = {name for event in events for name in (event.tenant_id, event.topic_id)}
    numbers = _numbers(connection, names)
    rows: list[Row] = [
        (
            numbers[tenant],
            student,
            packed(event_id),
            day,
            timestamp,
            numbers[topic],
            partition,
            offset,
            appended,
            value,
            None if other is None else packed(other),
        )
        for (
            tenant,
            event_id,
            student,
            day,
            timestamp,
            topic,
            partition,
            offset,
            appended,
            value,
            other,
        ) in events
    ]
    # Each page is visited once; of one event id the first comes first, as the sort keeps their order.
    rows.sort(key=_place)
    return insert(connection, _INSERT, rows, "ON CONFLICT DO NOTHING")


def _numbers(connection: sqlite3.Connection, names: set[str]) -> dict[str, int]:
    """Numbers of tenants and topic ids, given to new ones."""
    connection.executemany(
        "INSERT INTO names (name) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in sorted(names)]
    )
    select = "SELECT no FROM names WHERE name = ?"
    return {name: connection.execute(select, (name,)).fetchone()[0] for name in names}


def _place(row: Row) -> tuple[int, str, bool, bytes | str]:
    tenant_no, student_id, event_id = row[:3]
    # As SQLite sorts: text before bytes.
    return tenant_no, student_id, isinstance(event_id, bytes), event_id


def _read(
    connection: sqlite3.Connection, tenant_id: str, select: str, *values: str | bytes | int
) -> list[ArchivedEvent]:
    names: dict[int, str] = dict(connection.execute("SELECT no, name FROM names").fetchall())
    return [
        ArchivedEvent(
            tenant_id,
            unpacked(event_id),
            student,
            day,
            timestamp,
            names[topic],
            partition,
            offset,
            appended,
            value,
            None if corrected is None else unpacked(corrected),
        )
        for student, event_id, day, timestamp, topic, partition, offset, appended, value, corrected in (
            connection.execute(select, (tenant_id, *values)).fetchall()
        )
    ]


def _drop_after(
    connection: sqlite3.Connection, tenant_id: str, day: int, last: _Place
) -> tuple[_Place | None, int]:
    rows = connection.execute(_DAYS_AFTER, (tenant_id, *last, _DROP_BATCH)).fetchall()
    old = [row[:3] for row in rows if row[3] < day]
    connection.executemany("DELETE FROM events WHERE tenant_no = ? AND student_id = ? AND event_id = ?", old)
    return (rows[-1][1:3] if len(rows) == _DROP_BATCH else None), len(old)
