"""A passing copy of a log's events: an archive in a folder of its own that keeps the first event of each id."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, final

from mastery_engine.adapters.sqlite.archive import SqliteArchive
from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.schema import Schema

_SCHEMA: Final = Schema(
    steps=(
        (
            "CREATE TABLE names (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
            # As they come, one after the other: in the order of students each batch would write nearly every page.
            """CREATE TABLE events (
                number INTEGER PRIMARY KEY, tenant_no INTEGER NOT NULL REFERENCES names, student_id TEXT NOT NULL,
                event_id BLOB NOT NULL, day INTEGER NOT NULL, timestamp INTEGER NOT NULL,
                topic_no INTEGER NOT NULL REFERENCES names, partition INTEGER NOT NULL,
                record_offset INTEGER NOT NULL, appended_ms INTEGER NOT NULL, value BLOB NOT NULL, corrected_by BLOB
            )""",
        ),
    ),
    passing=True,
)
_REPEATS: Final = """
    DELETE FROM events WHERE number IN (
        SELECT number FROM (
            SELECT number, row_number() OVER (PARTITION BY tenant_no, event_id ORDER BY number) AS place FROM events
        ) WHERE place > 1
    )
"""


@final
class SqliteFirstEvents(SqliteArchive):
    """Takes events in the order in which they came; after `finish` it has the first one of each id, and is read."""

    async def finish(self) -> int:
        """Let go of repeats, and make ready to be read by student; returns how many went.

        The same id twice in one call of `add` is not told apart.
        """
        return await self._database.write(_finish)


@asynccontextmanager
async def open_first_events(folder: Path) -> AsyncGenerator[SqliteFirstEvents]:
    """Open the copy in a folder, made if it is not there.

    Raises:
        ConfigurationError: The folder cannot be written.
        DependencyDown: The disk is full.
    """
    archive = SqliteFirstEvents(await Database(folder / "events.db", _SCHEMA).open())
    try:
        yield archive
    finally:
        await archive.close()


def _finish(connection: sqlite3.Connection) -> int:
    connection.execute("CREATE INDEX events_by_id ON events (tenant_no, event_id, number)")
    repeats = connection.execute(_REPEATS).rowcount
    connection.execute("DROP INDEX events_by_id")
    connection.execute("CREATE INDEX events_by_student ON events (tenant_no, student_id)")
    return repeats
