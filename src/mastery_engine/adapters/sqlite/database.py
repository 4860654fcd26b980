"""One SQLite file behind two threads: one writes, one reads, so that no read queues behind a long write."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from filelock import FileLock, Timeout

from mastery_engine.adapters.sqlite.failures import BUSY_SECONDS, told
from mastery_engine.adapters.sqlite.schema import Schema, migrate
from mastery_engine.domain.errors import ConfigurationError, DependencyDown

_T = TypeVar("_T")
_WRITER_CACHE_KIB: Final = 4_096
_READER_CACHE_KIB: Final = 1_024
# A page that several batches change goes into the file once for all of them.
_WAL_BYTES: Final = 64 * 1024 * 1024
_AWAY: Final = (
    "was removed or replaced while it was open, and what is written now is lost; end this process, put the file back from a "
    "backup, then start again"
)


class Database:
    """An open file. Every holder takes a lease and releases it; the last release closes the file.

    A call that is cancelled ends only when its job has ended or was never begun: afterwards nothing more is
    written in its name.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        """Name the file; nothing is opened before `open`.

        Args:
            path: The file, made with mode 0600 if it is not there; its folder must be there.
            schema: What it holds.
        """
        self.path = path
        self._schema = schema
        self._leases = 0
        self._writer = ThreadPoolExecutor(1, f"{path.stem}-write")
        self._reader = ThreadPoolExecutor(1, f"{path.stem}-read")
        self._writing: sqlite3.Connection | None = None
        self._reading: sqlite3.Connection | None = None
        self._closed = False
        self._identity: tuple[int, int] | None = None

    async def open(self) -> Database:
        """Open the file, make or migrate its schema.

        Raises:
            ConfigurationError: The folder or the file may not be written.
            DependencyDown: The file is damaged, or locked for too long.
            NewerVersion: The file was written by a newer release.
        """
        try:
            await self._run(self._writer, self._open)
        except BaseException:
            await self.close()
            raise
        return self

    def lease(self) -> Database:
        """Count one more holder."""
        self._leases += 1
        return self

    async def release(self) -> None:
        """Count one holder less; without any the file is closed."""
        self._leases -= 1
        if self._leases <= 0:
            await self.close()

    async def write(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run the job in one write transaction: kept whole, durably, or not at all.

        Raises:
            DependencyDown: The file cannot be written now; nothing was kept.
        """
        return await self._run(self._writer, self._transaction, job, "BEGIN IMMEDIATE")

    async def read(self, job: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run the job on one state of the file, that of its first read.

        Raises:
            DependencyDown: The file cannot be read now.
        """
        return await self._run(self._reader, self._transaction, job, "BEGIN")

    async def check_in_place(self) -> None:
        """Return if the file that is open is the one at its path, and can be read.

        Raises:
            DependencyDown: It was removed or replaced, so that what is written is lost with the last who has it open; or it
                cannot be read now.
        """
        await self._run(self._reader, self._compare)
        await self.read(lambda connection: connection.execute("PRAGMA user_version").fetchone())

    def _compare(self) -> None:
        try:
            found = _identity(self.path)
        except OSError as error:
            raise DependencyDown(f"{self.path} {_AWAY} ({error.strerror})") from error
        if found != self._identity:
            raise DependencyDown(f"{self.path} {_AWAY} (another file is there)")

    async def _run(self, thread: ThreadPoolExecutor, job: Callable[..., _T], *args: object) -> _T:
        if self._closed:
            raise DependencyDown(f"{self.path} was closed; open it again")
        running = thread.submit(job, *args)
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            while not running.done():
                try:
                    await asyncio.wait([asyncio.wrap_future(running)])
                except asyncio.CancelledError:
                    continue
            raise

    def _transaction(self, job: Callable[[sqlite3.Connection], _T], begin: str) -> _T:
        with told(self.path):
            connection = self._connection(reading=begin == "BEGIN")
            connection.execute(begin)
            try:
                result = job(connection)
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, a full disk among them.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    def _connection(self, *, reading: bool) -> sqlite3.Connection:
        if not reading:
            assert self._writing is not None, "open() comes first"  # noqa: S101
            return self._writing
        if self._reading is None:
            self._reading = self._connect(_READER_CACHE_KIB)
            self._reading.execute("PRAGMA query_only = ON")
        return self._reading

    def _open(self) -> None:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            # Changing to WAL mode does not wait for others that do the same.
            with (
                FileLock(self.path.with_suffix(".opening"), timeout=BUSY_SECONDS, mode=0o600),
                told(self.path, opening=True),
            ):
                self._writing = self._connect(_WRITER_CACHE_KIB)
                migrate(self._writing, self._schema, self.path)
                self._identity = _identity(self.path)
        except Timeout as error:
            raise DependencyDown(
                f"{self.path} has been kept by another process for more than {BUSY_SECONDS} s; try again"
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise DependencyDown(f"{self.path} is not written ({error.strerror}); try again") from error
            raise ConfigurationError(
                f"{self.path} cannot be written ({error.strerror}); give the user that runs this program the "
                "right to write there, or set MASTERY_HOME to another folder"
            ) from error

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in (
                f"page_size = {self._schema.page_size}",
                "journal_mode = WAL",
                f"synchronous = {'OFF' if self._schema.passing else 'FULL'}",
                "foreign_keys = ON",
                # What is deleted is personal data.
                "secure_delete = ON",
                f"temp_store = {'FILE' if self._schema.passing else 'MEMORY'}",
                f"cache_size = -{cache_kib}",
                f"wal_autocheckpoint = {_WAL_BYTES // self._schema.page_size}",
                f"journal_size_limit = {_WAL_BYTES}",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    async def close(self) -> None:
        """Close the file, whoever still has a lease; idempotent."""
        if self._closed:
            return
        self._closed = True
        for thread, close in ((self._reader, self._close_reading), (self._writer, self._close_writing)):
            await asyncio.wrap_future(thread.submit(close))
            thread.shutdown(wait=False)

    def _close_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _close_writing(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


class Lease:
    """Base of an adapter on a database that it shares with others."""

    def __init__(self, database: Database) -> None:
        """Take a lease.

        Args:
            database: Open.
        """
        self._database = database.lease()
        self._released = False

    async def ping(self) -> None:
        await self._database.check_in_place()

    async def close(self) -> None:
        if not self._released:
            self._released = True
            await self._database.release()
