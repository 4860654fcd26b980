"""Opens the database with every port on it."""

from __future__ import annotations

from dataclasses import dataclass

from mastery_engine.adapters.postgres.address import read_address
from mastery_engine.adapters.postgres.archive import PostgresArchive
from mastery_engine.adapters.postgres.audit import PostgresAuditTrail
from mastery_engine.adapters.postgres.database import Database
from mastery_engine.adapters.postgres.dead_letters import PostgresDeadLetters
from mastery_engine.adapters.postgres.erasures import PostgresErasureLedger
from mastery_engine.adapters.postgres.privacy_requests import PostgresPrivacyRequests
from mastery_engine.adapters.postgres.raw_scan import PostgresRawScan
from mastery_engine.adapters.postgres.rosters import PostgresRosters
from mastery_engine.adapters.postgres.schema import SchemaState, schema_state
from mastery_engine.adapters.postgres.tenants import PostgresTenantBook
from mastery_engine.contracts.audit_seals import AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import Clock


@dataclass(frozen=True, slots=True)
class PostgresRecords:
    """The ports, which share at most ten connections; each may be closed by itself."""

    archive: PostgresArchive
    audit: PostgresAuditTrail
    rosters: PostgresRosters
    dead_letters: PostgresDeadLetters
    erasures: PostgresErasureLedger
    tenant_book: PostgresTenantBook
    privacy_requests: PostgresPrivacyRequests
    raw_scan: PostgresRawScan

    async def close(self) -> None:
        """Close all of them; idempotent."""
        ours = (
            self.archive,
            self.audit,
            self.rosters,
            self.dead_letters,
            self.erasures,
            self.tenant_book,
            self.privacy_requests,
            self.raw_scan,
        )
        for port in ours:
            await port.close()


async def open_postgres(
    url: str, clock: Clock, pseudonyms: Pseudonyms | None = None, *, check: bool = True
) -> PostgresRecords:
    """Open the database; nothing is migrated.

    Args:
        url: `postgresql://USER:PASSWORD@HOST/DATABASE`, with any parameter that PostgreSQL knows.
        clock: For pauses between two tries.
        pseudonyms: By which the erasure ledger knows students, and from whose key that of the audit trail's seals follows;
            without them the archive does not ask the ledger, and the key is known to all.
        check: Ask for the version of the schema. Without it nothing is asked of the server, for those who will not ask either.

    Raises:
        ConfigurationError: The URL cannot be read, the schema is absent or an older release's, or the user lacks a right.
        NewerVersion: The schema is a newer release's.
        DependencyDown: The server does not answer or does not let this user in.
    """
    database = Database(read_address(url))
    if check:
        try:
            (await schema_state(database)).check()
        except BaseException:
            await database.close()
            raise
    return PostgresRecords(
        archive=PostgresArchive(database, clock, pseudonyms),
        audit=PostgresAuditTrail(database, AuditSeals(pseudonyms)),
        rosters=PostgresRosters(database),
        dead_letters=PostgresDeadLetters(database, pseudonyms),
        erasures=PostgresErasureLedger(database),
        tenant_book=PostgresTenantBook(database),
        privacy_requests=PostgresPrivacyRequests(database),
        raw_scan=PostgresRawScan(database),
    )


async def look(url: str) -> SchemaState:
    """How the database's schema stands to this release's.

    Raises:
        ConfigurationError: The URL cannot be read, or the user lacks a right.
        DependencyDown: The server does not answer or does not let this user in.
    """
    database = Database(read_address(url))
    try:
        return await schema_state(database)
    finally:
        await database.close()
