"""A passing copy of a log's events: an archive in a folder of its own that keeps the first event of each id."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from mastery_engine.adapters.sqlite.archive import SqliteArchive
from mastery_engine.adapters.sqlite.archive_schema import ARCHIVE_TABLES
from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.schema import Schema

_SCHEMA: Final = Schema(
    steps=((*ARCHIVE_TABLES, "CREATE UNIQUE INDEX events_by_id ON events (tenant_no, event_id)"),)
)


@asynccontextmanager
async def open_first_events(folder: Path) -> AsyncGenerator[SqliteArchive]:
    """Open the copy in a folder, made if it is not there.

    Raises:
        ConfigurationError: The folder cannot be written.
        DependencyDown: The disk is full.
    """
    database = await Database(folder / "events.db", _SCHEMA).open()
    archive = SqliteArchive(database)
    try:
        yield archive
    finally:
        await archive.close()
