"""The PostgreSQL archive, for the commands that look after its schema; the engine is not opened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mastery_engine.bootstrap.records import check_extra
from mastery_engine.config import POSTGRES_SCHEME, load_settings, without_secrets
from mastery_engine.domain.errors import InvalidInput

if TYPE_CHECKING:
    from mastery_engine.adapters.postgres.schema import SchemaState


def look() -> SchemaState:
    """How the schema stands to this release's.

    Raises:
        InvalidInput: The archive of the settings is no PostgreSQL.
        ConfigurationError: The extra is not installed, the URL cannot be read, or the user lacks a right.
        DependencyDown: The server does not answer.
    """
    url = _url()
    from mastery_engine.adapters.postgres.records import look as look_at

    return asyncio.run(look_at(url))


def upgrade(service_role: str | None) -> tuple[str | None, SchemaState]:
    """Bring the schema to this release's; the version before, None if there was none, and the schema now.

    Raises:
        InvalidInput: The archive of the settings is no PostgreSQL.
        NotFound: There is no such role.
        NewerVersion: The schema is a newer release's.
        ConfigurationError: The extra is not installed, the URL cannot be read, or the user lacks a right.
        DependencyDown: The server does not answer.
    """
    url = _url()
    from mastery_engine.adapters.postgres.upgrade import upgrade_schema

    return asyncio.run(upgrade_schema(url, service_role))


def told(found: SchemaState) -> dict[str, Any]:
    """The same for programs."""
    from mastery_engine.adapters.postgres.schema import VERSIONS

    return {
        "database": found.where,
        "state": found.state,
        "version": found.version,
        "newest": VERSIONS[-1],
        "message": found.message,
    }


def _url() -> str:
    settings = load_settings()
    url = settings.archive_url
    if not settings.archive_on_postgres:
        shown = (
            f"MASTERY_ARCHIVE_URL = {without_secrets(url)!r}" if url else "MASTERY_ARCHIVE_URL is not set: it"
        )
        raise InvalidInput(
            f"{shown} names no PostgreSQL database, and embedded files are brought up to date when they are opened; "
            f"set MASTERY_ARCHIVE_URL to {POSTGRES_SCHEME}USER:PASSWORD@HOST:5432/DATABASE"
        )
    check_extra()
    return url
