"""A copy of a database of one moment, while others write to it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mastery_engine.adapters.sqlite.failures import BUSY_SECONDS, told

_PIECE: Final = 1024 * 1024


async def snapshot(file: Path) -> AsyncIterator[bytes]:
    """The copy, piece by piece. It lies in the folder of temporary files meanwhile, for its owner only.

    Raises:
        DependencyDown: The file cannot be read now, or there is no room for the copy.
    """
    with TemporaryDirectory(prefix="mastery-backup-") as folder:
        copy = Path(folder) / file.name
        connection = await asyncio.to_thread(_connect, file)
        try:
            copying = asyncio.ensure_future(asyncio.to_thread(_copy, connection, file, copy))
            try:
                await asyncio.shield(copying)
            except asyncio.CancelledError:
                connection.interrupt()
                await asyncio.wait([copying])
                raise
        finally:
            await asyncio.to_thread(connection.close)
        with copy.open("rb") as stream:
            while piece := await asyncio.to_thread(stream.read, _PIECE):
                yield piece


def _connect(file: Path) -> sqlite3.Connection:
    with told(file):
        uri = f"{file.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )


def _copy(connection: sqlite3.Connection, file: Path, copy: Path) -> None:
    with told(file), closing(connection.cursor()) as cursor:
        # One transaction that only reads: nobody waits for it, and it waits for nobody.
        cursor.execute("VACUUM INTO ?", (str(copy),))
