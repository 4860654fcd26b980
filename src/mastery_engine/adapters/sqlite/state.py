"""State store in one table."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from operator import itemgetter
from typing import Final

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.rows import Row, insert, select_in
from mastery_engine.adapters.sqlite.schema import Schema
from mastery_engine.ports import ABSENT, Clock, Entry, Write

# The value lies in the key's own tree: one place to change a write. Documents need the large page.
STATE_SCHEMA: Final = Schema(
    page_size=16_384,
    steps=(
        (
            """CREATE TABLE entries (
                key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires_ms INTEGER
            ) WITHOUT ROWID""",
            "CREATE TABLE versions (last INTEGER NOT NULL)",
            "INSERT INTO versions VALUES (0)",
        ),
    ),
)
_BATCH: Final = 1_000
_PURGE_BATCH: Final = 5_000
_SELECT_VERSIONS: Final = "SELECT key, version, expires_ms FROM entries WHERE key IN"
_SELECT_ENTRIES: Final = "SELECT key, value, version, expires_ms FROM entries WHERE key IN"
_SCAN_FROM: Final = "SELECT key, expires_ms FROM entries WHERE key >= ? ORDER BY key LIMIT ?"
_SCAN_AFTER: Final = "SELECT key, expires_ms FROM entries WHERE key > ? ORDER BY key LIMIT ?"
_PUT: Final = "INSERT OR REPLACE INTO entries (key, value, version, expires_ms)"


class SqliteStateStore(Lease):
    """Keys to bytes. A version is the number of the transaction that wrote it, so none comes twice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use a database with `STATE_SCHEMA`.

        Args:
            database: Open.
            clock: Tells when a key has expired.
        """
        super().__init__(database)
        self._clock = clock

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        now = self._clock.now_ms()

        def job(connection: sqlite3.Connection) -> list[Entry | None]:
            found = {
                key: Entry(value, str(version))
                for key, value, version, expires in select_in(connection, _SELECT_ENTRIES, keys)
                if expires is None or expires > now
            }
            return [found.get(key) for key in keys]

        return await self._database.read(job) if keys else []

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        now = self._clock.now_ms()
        return (
            await self._database.write(lambda connection: _apply(connection, writes, now)) if writes else []
        )

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        now = self._clock.now_ms()
        select, last = _SCAN_FROM, prefix
        while True:
            rows: list[tuple[str, int | None]] = await self._database.read(
                lambda connection, select=select, last=last: connection.execute(
                    select, (last, _BATCH)
                ).fetchall()
            )
            keys = [
                key for key, expires in rows if key.startswith(prefix) and (expires is None or expires > now)
            ]
            if keys:
                yield keys
            if len(rows) < _BATCH or not rows[-1][0].startswith(prefix):
                return
            select, last = _SCAN_AFTER, rows[-1][0]

    async def purge(self) -> int:
        """Remove expired entries, a short transaction for 5,000 entries looked at; returns how many."""
        now = self._clock.now_ms()
        removed, last = 0, ""
        while True:
            part, end = await self._database.write(
                lambda connection, last=last: _purge_after(connection, last, now)
            )
            removed += part
            if end is None:
                return removed
            last = end


def _apply(connection: sqlite3.Connection, writes: Sequence[Write], now: int) -> list[bool]:
    """Decide every write in order, then change each key once."""
    ((version,),) = connection.execute("UPDATE versions SET last = last + 1 RETURNING last").fetchall()
    if all(expected is None and value is not None for _, value, expected, _ in writes):
        _put(connection, [(key, value, version, _end(ttl, now)) for key, value, _, ttl in writes])
        return [True] * len(writes)
    own = str(version)
    conditional = [key for key, _, expected, _ in writes if expected is not None]
    current: dict[str, str] = {}
    if conditional:
        current = {
            key: str(number)
            for key, number, expires in select_in(connection, _SELECT_VERSIONS, conditional)
            if expires is None or expires > now
        }
    final: dict[str, Row | None] = {}
    applied: list[bool] = []
    for key, value, expected, ttl in writes:
        fits = expected is None or current.get(key, ABSENT) == expected
        applied.append(fits)
        if fits:
            final[key] = None if value is None else (key, value, version, _end(ttl, now))
            if conditional:
                current[key] = ABSENT if value is None else own
    _put(connection, [row for row in final.values() if row is not None])
    gone = [(key,) for key, row in final.items() if row is None]
    connection.executemany("DELETE FROM entries WHERE key = ?", gone)
    return applied


def _put(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """In the order of the keys every page is visited once; of rows with one key the last one stays."""
    rows.sort(key=itemgetter(0))
    insert(connection, _PUT, rows)


def _end(ttl_seconds: int | None, now: int) -> int | None:
    return None if ttl_seconds is None else now + ttl_seconds * 1_000


def _purge_after(connection: sqlite3.Connection, last: str, now: int) -> tuple[int, str | None]:
    rows = connection.execute(_SCAN_AFTER, (last, _PURGE_BATCH)).fetchall()
    expired = [(key,) for key, expires in rows if expires is not None and expires <= now]
    connection.executemany("DELETE FROM entries WHERE key = ?", expired)
    return len(expired), rows[-1][0] if len(rows) == _PURGE_BATCH else None
