"""Where archive, audit trail, rosters, dead letters and erasures are kept: in files, or in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from mastery_engine.bootstrap.extras import require
from mastery_engine.config import Settings
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import (
    Archive,
    AuditTrail,
    Clock,
    DeadLetters,
    ErasureLedger,
    PrivacyRequests,
    RawScan,
    Rosters,
    TenantBook,
)

if TYPE_CHECKING:
    from mastery_engine.adapters.sqlite.home import SqliteHome

_NEEDED: Final = ("alembic", "psycopg", "sqlalchemy")


class Records(NamedTuple):
    """The stores of record."""

    archive: Archive
    audit: AuditTrail
    rosters: Rosters
    dead_letters: DeadLetters
    erasures: ErasureLedger
    tenant_book: TenantBook
    privacy_requests: PrivacyRequests
    raw_scan: RawScan | None = None


async def records_of(
    settings: Settings,
    clock: Clock,
    stack: AsyncExitStack,
    home: SqliteHome,
    pseudonyms: Callable[[], Pseudonyms],
    *,
    check: bool = True,
) -> Records:
    """Open what the settings name; `stack` closes it.

    Args:
        settings: What is in force.
        clock: Stamps what is written, and counts pauses between two tries.
        stack: Closes them.
        home: The files of the state, in whose folder the records are kept where nothing else is said.
        pseudonyms: Gives those by which the erasure ledger knows students.
        check: Ask a database for the version of its schema; without it nothing is asked of it.

    Raises:
        ConfigurationError: The URL names nothing that can be used, or the extra `postgres` is not installed.
        DependencyDown: A database does not answer.
        NewerVersion: A newer release wrote it.
    """
    if settings.archive_on_postgres:
        check_extra()
        from mastery_engine.adapters.postgres.records import open_postgres  # noqa: PLC0415 - only where it is used

        database = await open_postgres(settings.archive_url, clock, pseudonyms(), check=check)
        stack.push_async_callback(database.close)
        return Records(
            database.archive,
            database.audit,
            database.rosters,
            database.dead_letters,
            database.erasures,
            database.tenant_book,
            database.privacy_requests,
            database.raw_scan,
        )
    files = home
    if settings.archive_folder != settings.database_folder:
        from mastery_engine.adapters.sqlite.home import SqliteHome  # noqa: PLC0415 - as above

        files = SqliteHome(settings.archive_folder, clock)
        stack.push_async_callback(files.close)
    return Records(
        await files.archive(pseudonyms()),
        await files.audit(pseudonyms()),
        await files.rosters(),
        await files.dead_letters(pseudonyms()),
        await files.erasures(),
        await files.tenant_book(),
        await files.privacy_requests(),
    )


def check_extra() -> None:
    """Refuse to go on without what speaks to PostgreSQL.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    require("postgres", _NEEDED, "PostgreSQL")
