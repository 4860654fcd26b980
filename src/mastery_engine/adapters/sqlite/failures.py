"""What SQLite's errors mean here, and what to do about each."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mastery_engine.domain.errors import ConfigurationError, DependencyDown

BUSY_SECONDS: Final = 10
"""How long a transaction waits for another process's."""

_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: f"is locked by another process for more than {BUSY_SECONDS} s; try again, or end it",
    sqlite3.SQLITE_LOCKED: "is locked by another transaction of this process; try again",
    sqlite3.SQLITE_FULL: "has no room: the disk is full; make room and try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written; check the disk and its free space, then try again",
    sqlite3.SQLITE_CORRUPT: "is damaged; stop what uses it, then put back a copy or move it away",
    sqlite3.SQLITE_NOTADB: "is no SQLite database, or is damaged; move it away and put back a copy",
    sqlite3.SQLITE_READONLY: "may not be written; give the user that runs this program the right to write",
    sqlite3.SQLITE_PERM: "may not be opened; give the user that runs this program the right to",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; its folder must be there and writable for this user",
    sqlite3.SQLITE_NOMEM: "could not be used: out of memory; free some and try again",
}
_NO_TABLE: Final = "no such table"
_SETTINGS: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)


@contextmanager
def told(path: Path, *, opening: bool = False) -> Generator[None]:
    """Turn what the outside did to the file into our errors; a mistake of our own passes as it is.

    Args:
        path: The database file.
        opening: While opening, a file that may not be written is a matter of settings.

    Raises:
        DependencyDown: The file is locked, full, damaged or unreadable; nothing of the transaction was kept.
        ConfigurationError: While opening: the file or its folder may not be written. Later: a table is gone.
    """
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the primary code; extended codes name the system call.
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if primary == sqlite3.SQLITE_ERROR and str(error).startswith(_NO_TABLE):
            raise ConfigurationError(f"{path} was damaged: {error}; put back a copy") from error
        if primary not in _ADVICE:
            raise
        kind = ConfigurationError if opening and primary in _SETTINGS else DependencyDown
        raise kind(f"{path} {_ADVICE[primary]} ({error})") from error
