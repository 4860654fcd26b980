"""Archive in the order of arrival, found by event id and by student."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Final

from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.adapters.sqlite.uuids import packed, unpacked
from mastery_engine.ports import ArchivedEvent

_READ_BATCH: Final = 2_000
_DROP_BATCH: Final = 5_000
_INSERT: Final = (
    "INSERT INTO events (tenant_no, student_id, event_id, day, timestamp, topic_no, partition, "
    "record_offset, appended_ms, value, corrected_by)"
)
_SELECT: Final = (
    "SELECT student_id, event_id, day, timestamp, topic_no, partition, record_offset, appended_ms, value, "
    "corrected_by, seq FROM events "
)
_OF_STUDENT: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND student_id = ? "  # noqa: S608 - constant
    "ORDER BY day, partition, record_offset"
)
_AFTER: Final = (
    _SELECT + "WHERE tenant_no = (SELECT no FROM names WHERE name = ?) "  # noqa: S608 - constant
    "AND (student_id, seq) > (?, ?) ORDER BY student_id, seq LIMIT ?"
)
_TENANTS: Final = (
    "SELECT name FROM names WHERE EXISTS (SELECT 1 FROM events WHERE tenant_no = no) ORDER BY name"
)
_by_student = attrgetter("student_id")


class SqliteArchive(Lease):
    """Every valid event once, by tenant and event id."""

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        return await self._database.write(lambda connection: _add(connection, events)) if events else 0

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        return await self._database.read(
            lambda connection: _read(connection, tenant_id, _OF_STUDENT, student_id)[0]
        )

    async def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        student, seq = "", 0
        while True:
            events, seq = await self._database.read(
                lambda connection, student=student, seq=seq: _read(
                    connection, tenant_id, _AFTER, student, seq, _READ_BATCH
                )
            )
            for _, group in groupby(events, key=_by_student):
                yield list(group)
            if len(events) < _READ_BATCH:
                return
            student = events[-1].student_id

    async def tenants(self) -> list[str]:
        rows = await self._database.read(lambda connection: connection.execute(_TENANTS).fetchall())
        return [name for (name,) in rows]

    async def drop_before(self, tenant_id: str, day: int) -> int:
        dropped = 0
        last: int | None = 0
        while last is not None:
            last, part = await self._database.write(
                lambda connection, last=last: _drop_after(connection, tenant_id, day, last)
            )
            dropped += part
        return dropped


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
    # The first of an id counts, and the rows are about to be sorted.
    if len({(row[0], row[2]) for row in rows}) < len(rows):
        first: dict[tuple[int, bytes | str], Row] = {}
        for row in rows:
            first.setdefault((row[0], row[2]), row)
        rows = list(first.values())
    # A student's events of a batch then lie side by side, for whoever reads them one day.
    rows.sort(key=itemgetter(0, 1))
    return insert(connection, _INSERT, rows, "ON CONFLICT DO NOTHING")


def _numbers(connection: sqlite3.Connection, names: set[str]) -> dict[str, int]:
    """Numbers of tenants and topic ids, given to new ones."""
    connection.executemany(
        "INSERT INTO names (name) VALUES (?) ON CONFLICT DO NOTHING", [(name,) for name in sorted(names)]
    )
    select = "SELECT no FROM names WHERE name = ?"
    return {name: connection.execute(select, (name,)).fetchone()[0] for name in names}


def _read(
    connection: sqlite3.Connection, tenant_id: str, select: str, *values: str | int
) -> tuple[list[ArchivedEvent], int]:
    """Events of a tenant, and the sequence of the last."""
    names: dict[int, str] = dict(connection.execute("SELECT no, name FROM names").fetchall())
    rows = connection.execute(select, (tenant_id, *values)).fetchall()
    events = [
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
        for student, event_id, day, timestamp, topic, partition, offset, appended, value, corrected, _ in rows
    ]
    return events, rows[-1][-1] if rows else 0


def _drop_after(
    connection: sqlite3.Connection, tenant_id: str, day: int, last: int
) -> tuple[int | None, int]:
    rows = connection.execute(
        "SELECT seq, day FROM events WHERE tenant_no = (SELECT no FROM names WHERE name = ?) AND seq > ? "
        "ORDER BY seq LIMIT ?",
        (tenant_id, last, _DROP_BATCH),
    ).fetchall()
    old = [(seq,) for seq, event_day in rows if event_day < day]
    connection.executemany("DELETE FROM events WHERE seq = ?", old)
    return (rows[-1][0] if len(rows) == _DROP_BATCH else None), len(old)
