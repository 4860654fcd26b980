"""A file's schema: numbered steps, the number of the last one taken in `PRAGMA user_version`."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from mastery_engine.domain.errors import NewerVersion


class Schema(NamedTuple):
    """How to make a file and bring it up to date.

    Attributes:
        steps: Statements of each step; the first makes a new file. Steps are only ever added.
        page_size: Bytes of a page, chosen by measurement; holds for new files.
        passing: Whether the file is thrown away after use: nothing waits for the disk then, and as it may be large, what is
            sorted is sorted in files.
    """

    steps: tuple[tuple[str, ...], ...]
    page_size: int = 8_192
    passing: bool = False


def migrate(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Take the steps that are missing, each in a transaction.

    Raises:
        NewerVersion: The file was written by a newer release.
    """
    newest = len(schema.steps)
    while (version := _version(connection)) < newest:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken the step while this one waited.
            if _version(connection) == version:
                for statement in schema.steps[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    if version > newest:
        raise NewerVersion(
            f"{path} has schema version {version}, written by a newer release; this one knows versions up to "
            f"{newest}: install the newer release, or use another MASTERY_HOME"
        )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
