"""Ways through all entries of the state store, a short transaction for each batch."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from typing import Final

from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.rows import Row
from mastery_engine.adapters.sqlite.uuids import span, unpacked

_BATCH: Final = 1_000
_PURGE_BATCH: Final = 5_000
_PREFIXES: Final = "SELECT no, prefix FROM uuid_prefixes"
_FROM: Final = "SELECT key, expires_ms FROM entries WHERE key >= ? ORDER BY key LIMIT ?"
_AFTER: Final = "SELECT key, expires_ms FROM entries WHERE key > ? ORDER BY key LIMIT ?"
_IN_PLACES: Final = (
    "SELECT place, prefix_no, id, expires_ms FROM uuid_entries WHERE place > ? ORDER BY place LIMIT ?"
)
_IN_SPAN: Final = (
    "SELECT id, expires_ms FROM uuid_entries WHERE id >= ? AND id <= ? AND id > ? AND prefix_no = ? "
    "ORDER BY id LIMIT ?"
)
_PLACES: Final = "SELECT place, expires_ms FROM uuid_entries WHERE place > ? ORDER BY place LIMIT ?"
_DELETE: Final = "DELETE FROM entries WHERE key = ?"
_DELETE_PLACE: Final = "DELETE FROM uuid_entries WHERE place = ?"


async def scan(database: Database, prefix: str, now: int) -> AsyncIterator[list[str]]:
    """Keys with that prefix that have not expired, in batches."""
    async for keys in _scan_entries(database, prefix, now):
        yield keys
    numbered: dict[int, str] = dict(await _rows(database, _PREFIXES))
    whole = {number: known for number, known in numbered.items() if known.startswith(prefix)}
    if whole:
        async for keys in _scan_places(database, whole, now):
            yield keys
    for number, known in numbered.items():
        if number not in whole and prefix.startswith(known):
            async for uuids in _scan_span(database, number, prefix[len(known) :], now):
                yield [known + unpacked(uuid) for uuid in uuids]


async def expired(database: Database, now: int) -> AsyncIterator[list[str]]:
    """Keys that have expired and are still there, in batches."""
    last: object = ""
    while True:
        rows = await _rows(database, _AFTER, last, _PURGE_BATCH)
        if keys := [key for key, expires in rows if expires is not None and expires <= now]:
            yield keys
        if len(rows) < _PURGE_BATCH:
            break
        last = rows[-1][0]
    numbered: dict[int, str] = dict(await _rows(database, _PREFIXES))
    last = 0
    while True:
        rows = await _rows(database, _IN_PLACES, last, _PURGE_BATCH)
        if keys := [
            numbered[number] + unpacked(uuid)
            for _, number, uuid, expires in rows
            if number in numbered and expires is not None and expires <= now
        ]:
            yield keys
        if len(rows) < _PURGE_BATCH:
            return
        last = rows[-1][0]


async def purge(database: Database, now: int) -> int:
    """Remove expired entries, a transaction for 5,000 entries looked at; returns how many."""
    removed = 0
    for select, delete, first in ((_AFTER, _DELETE, ""), (_PLACES, _DELETE_PLACE, 0)):
        last: object = first
        while last is not None:
            last, part = await database.write(
                lambda connection, select=select, delete=delete, last=last: _purge_after(
                    connection, select, delete, last, now
                )
            )
            removed += part
    return removed


def _purge_after(
    connection: sqlite3.Connection, select: str, delete: str, last: object, now: int
) -> tuple[object, int]:
    """Remove what has expired of the next entries.

    Returns:
        Key of the last one looked at, None at the end, and how many were removed.
    """
    rows = connection.execute(select, (last, _PURGE_BATCH)).fetchall()
    expired = [(place,) for place, expires in rows if expires is not None and expires <= now]
    connection.executemany(delete, expired)
    return (rows[-1][0] if len(rows) == _PURGE_BATCH else None), len(expired)


async def _rows(database: Database, select: str, *values: object) -> list[Row]:
    return await database.read(lambda connection: connection.execute(select, values).fetchall())


async def _scan_entries(database: Database, prefix: str, now: int) -> AsyncIterator[list[str]]:
    select, last = _FROM, prefix
    while True:
        rows = await _rows(database, select, last, _BATCH)
        if keys := [
            key for key, expires in rows if key.startswith(prefix) and (expires is None or expires > now)
        ]:
            yield keys
        if len(rows) < _BATCH or not rows[-1][0].startswith(prefix):
            return
        select, last = _AFTER, rows[-1][0]


async def _scan_places(database: Database, whole: Mapping[int, str], now: int) -> AsyncIterator[list[str]]:
    last = 0
    while True:
        rows = await _rows(database, _IN_PLACES, last, _BATCH)
        if keys := [
            whole[number] + unpacked(uuid)
            for _, number, uuid, expires in rows
            if number in whole and (expires is None or expires > now)
        ]:
            yield keys
        if len(rows) < _BATCH:
            return
        last = rows[-1][0]


async def _scan_span(database: Database, number: int, beginning: str, now: int) -> AsyncIterator[list[bytes]]:
    ends = span(beginning)
    if ends is None:
        return
    last = b""
    while True:
        rows = await _rows(database, _IN_SPAN, *ends, last, number, _BATCH)
        if uuids := [uuid for uuid, expires in rows if expires is None or expires > now]:
            yield uuids
        if len(rows) < _BATCH:
            return
        last = rows[-1][0]
