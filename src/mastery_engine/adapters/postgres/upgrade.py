"""Brings a database's schema to the newest version, and grants the service what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.address import read_address
from mastery_engine.adapters.postgres.database import Database
from mastery_engine.adapters.postgres.schema import SchemaState, check_server, version_of
from mastery_engine.adapters.postgres.tables import VERSION
from mastery_engine.domain.errors import NotFound

LONGEST_SECONDS: Final = 3_600
MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = (0x6D617374, 0)
"""Of those who upgrade; ("mast", 1) and ("mast", 2) are the archive's, ("mast", 3) is the erasure ledger's."""

NEWEST: Final = "head"
_PATIENCE: Final = (
    "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)"
)
_GRANTS: Final = (
    "GRANT SELECT ON mastery_schema TO {role}",
    "GRANT SELECT, INSERT ON archive_names TO {role}",
    "GRANT SELECT, INSERT, DELETE ON archived_events, archived_ids TO {role}",
    "GRANT EXECUTE ON FUNCTION archive_make_days, archive_drop_day TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters, cohorts, cohort_teachers TO {role}",
    "GRANT SELECT, INSERT, UPDATE ON privacy_requests TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_privacy TO {role}",
    # Nobody but the owner can do away with what is on record.
    "GRANT SELECT, INSERT, UPDATE ON audit_chains TO {role}",
    "GRANT SELECT, INSERT ON audit_records, audit_subjects, erasures TO {role}",
    "GRANT SELECT, INSERT, DELETE ON tenants TO {role}",
)


async def upgrade_schema(
    url: str, service_role: str | None = None, version: str = NEWEST
) -> tuple[str | None, SchemaState]:
    """Take the steps that are missing, all in one transaction; of several who do it at once, one does.

    Args:
        url: `postgresql://`, of a user that may make tables.
        service_role: A role that gets the rights that a service needs, and no more.
        version: The last step to take; an earlier one makes what an earlier release had.

    Returns:
        The version before (None if there was none), and the schema now.

    Raises:
        DependencyDown: The server does not answer; nothing was changed.
        NewerVersion: The schema is a newer release's.
        NotFound: There is no such role.
    """
    database = Database(read_address(url))
    try:
        async with database.write(LONGEST_SECONDS) as connection:
            await check_server(database.where, connection)
            await connection.execute(text(_PATIENCE))
            await connection.execute(select(func.pg_advisory_xact_lock(*_LOCK)))
            before = SchemaState(database.where, await version_of(connection))
            if before.state == "newer":
                before.check()
            if before.state != "current":
                await connection.run_sync(_migrate, version)
            if service_role is not None:
                await _grant(connection, database.where, service_role)
            return before.version, SchemaState(database.where, await version_of(connection))
    finally:
        await database.close()


def migrations() -> ScriptDirectory:
    """The steps, as Alembic sees them."""
    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)])


def _migrate(connection: Connection, version: str) -> None:
    script = migrations()

    def steps(heads: tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        missing = list(script.iterate_revisions(version, heads or "base"))
        return [MigrationStep.upgrade_from_script(script.revision_map, one) for one in reversed(missing)]

    context = MigrationContext.configure(connection, opts={"fn": steps, "version_table": VERSION.name})
    with Operations.context(context):
        context.run_migrations()


async def _grant(connection: AsyncConnection, where: str, role: str) -> None:
    known = await connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    if known is None:
        raise NotFound(f"{where} has no role {role!r}; make it with: CREATE ROLE ... LOGIN")
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    for grant in _GRANTS:
        await connection.exec_driver_sql(grant.format(role=quoted))
