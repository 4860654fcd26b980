"""State store in two tables, one for keys that end in a UUID."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.rows import Row
from mastery_engine.adapters.sqlite.state_rows import StateRows
from mastery_engine.adapters.sqlite.state_scan import expired, purge, scan
from mastery_engine.ports import ABSENT, Clock, Entry, Write


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
        self._rows = StateRows()

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        now = self._clock.now_ms()

        def job(connection: sqlite3.Connection) -> list[Entry | None]:
            found = {
                key: Entry(value, str(version))
                for key, value, version, expires in self._rows.select(connection, keys)
                if expires is None or expires > now
            }
            return [found.get(key) for key in keys]

        return await self._database.read(job) if keys else []

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        now = self._clock.now_ms()
        return (
            await self._database.write(lambda connection: _apply(connection, self._rows, writes, now))
            if writes
            else []
        )

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        async for keys in scan(self._database, prefix, self._clock.now_ms()):
            yield keys

    async def expired(self) -> AsyncIterator[list[str]]:
        async for keys in expired(self._database, self._clock.now_ms()):
            yield keys

    async def purge(self) -> int:
        """Remove expired entries, a short transaction for 5,000 entries looked at; returns how many."""
        return await purge(self._database, self._clock.now_ms())


def _apply(connection: sqlite3.Connection, rows: StateRows, writes: Sequence[Write], now: int) -> list[bool]:
    """Decide every write in order, then change each key once."""
    ((version,),) = connection.execute("UPDATE versions SET last = last + 1 RETURNING last").fetchall()
    if all(write.expected is None and write.value is not None for write in writes):
        rows.put(
            connection,
            [(write.key, write.value, version, _end(write.ttl_seconds, now)) for write in writes],
        )
        return [True] * len(writes)
    own = str(version)
    conditional = [write.key for write in writes if write.expected is not None]
    current: dict[str, str] = {}
    if conditional:
        current = {
            key: str(number)
            for key, number, expires in rows.select_versions(connection, conditional)
            if expires is None or expires > now
        }
    final: dict[str, Row | None] = {}
    applied: list[bool] = []
    for write in writes:
        key, value = write.key, write.value
        fits = write.expected is None or current.get(key, ABSENT) == write.expected
        applied.append(fits)
        if fits:
            final[key] = None if value is None else (key, value, version, _end(write.ttl_seconds, now))
            if conditional:
                current[key] = ABSENT if value is None else own
    rows.delete(connection, [key for key, row in final.items() if row is None])
    rows.put(connection, [row for row in final.values() if row is not None])
    return applied


def _end(ttl_seconds: int | None, now: int) -> int | None:
    return None if ttl_seconds is None else now + ttl_seconds * 1_000
