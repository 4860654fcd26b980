"""The folder with the embedded data, and every port on it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from mastery_engine.adapters.sqlite.archive import SqliteArchive
from mastery_engine.adapters.sqlite.archive_schema import ARCHIVE_SCHEMA
from mastery_engine.adapters.sqlite.audit import SqliteAuditTrail
from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.dead_letters import SqliteDeadLetters
from mastery_engine.adapters.sqlite.erasures import SqliteErasureLedger
from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.adapters.sqlite.log import SqliteEventLog
from mastery_engine.adapters.sqlite.log_rows import LOG_SCHEMA
from mastery_engine.adapters.sqlite.privacy_requests import SqlitePrivacyRequests
from mastery_engine.adapters.sqlite.rosters import SqliteRosters
from mastery_engine.adapters.sqlite.schema import Schema
from mastery_engine.adapters.sqlite.state import SqliteStateStore
from mastery_engine.adapters.sqlite.state_rows import STATE_SCHEMA
from mastery_engine.adapters.sqlite.tenants import SqliteTenantBook
from mastery_engine.contracts.audit_seals import AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Clock


class SqliteHome:
    """Opens what is asked for, each file once, and closes what is left open in the end.

    Attributes:
        folder: Where the files are, made with mode 0700 if it is not there.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Name the folder; nothing is made or opened before it is asked for.

        Args:
            folder: The home.
            clock: For expiry, and to stamp records as they enter the log.
        """
        self.folder = folder
        self._clock = clock
        self._open: dict[str, Database] = {}
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def state(self) -> SqliteStateStore:
        """The state store, `state.db`."""
        return SqliteStateStore(await self._database("state.db", STATE_SCHEMA), self._clock)

    async def log(self, topic: str, partitions: int = 6) -> SqliteEventLog:
        """A topic of `log.db`."""
        return await SqliteEventLog.open(
            await self._database("log.db", LOG_SCHEMA), self._clock, topic, partitions
        )

    async def archive(self, pseudonyms: Pseudonyms | None = None) -> SqliteArchive:
        """The archive, in `archive.db` as the six after it.

        Args:
            pseudonyms: By which the erasure ledger knows students; without them it is not asked.
        """
        return SqliteArchive(await self._database("archive.db", ARCHIVE_SCHEMA), pseudonyms)

    async def dead_letters(self, pseudonyms: Pseudonyms | None = None) -> SqliteDeadLetters:
        """The dead letters of record; see `archive`."""
        return SqliteDeadLetters(await self._database("archive.db", ARCHIVE_SCHEMA), pseudonyms)

    async def audit(self, pseudonyms: Pseudonyms | None = None) -> SqliteAuditTrail:
        """The audit trail.

        Args:
            pseudonyms: From whose key that of its seals follows; without them the key is known to all.
        """
        return SqliteAuditTrail(await self._database("archive.db", ARCHIVE_SCHEMA), AuditSeals(pseudonyms))

    async def rosters(self) -> SqliteRosters:
        """The rosters."""
        return SqliteRosters(await self._database("archive.db", ARCHIVE_SCHEMA))

    async def erasures(self) -> SqliteErasureLedger:
        """The erasure ledger."""
        return SqliteErasureLedger(await self._database("archive.db", ARCHIVE_SCHEMA))

    async def tenant_book(self) -> SqliteTenantBook:
        """The copy of the tenants' settings."""
        return SqliteTenantBook(await self._database("archive.db", ARCHIVE_SCHEMA))

    async def privacy_requests(self) -> SqlitePrivacyRequests:
        """The requests about data."""
        return SqlitePrivacyRequests(await self._database("archive.db", ARCHIVE_SCHEMA))

    def folding_lock(self) -> FoldingLock:
        """The lock of the one process that folds, not taken yet."""
        self._make()
        return FoldingLock(self.folder)

    async def close(self) -> None:
        """Close every file, whoever still uses it; idempotent."""
        await self._stack.aclose()
        self._open.clear()

    def _make(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the folder {self.folder} cannot be made ({error.strerror}); "
                "make it, or set MASTERY_HOME to another"
            ) from error

    async def _database(self, name: str, schema: Schema) -> Database:
        async with self._opening:
            if name not in self._open:
                self._make()
                database = await Database(self.folder / name, schema).open()
                self._stack.push_async_callback(database.close)
                self._open[name] = database.lease()
            return self._open[name]
