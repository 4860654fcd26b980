"""Which version the database's schema has, and what to do about it."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.database import Database
from mastery_engine.adapters.postgres.tables import VERSION
from mastery_engine.domain.errors import ConfigurationError, NewerVersion

VERSIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Versions that this release knows, the newest last: one a file of `migrations`."""

OLDEST_SERVER: Final = 150_000


class SchemaState(NamedTuple):
    """The schema of a database.

    Attributes:
        where: Host and database.
        version: None if there is no schema.
    """

    where: str
    version: str | None

    @property
    def state(self) -> Literal["current", "behind", "absent", "newer"]:
        """How it stands to this release's."""
        if self.version is None:
            return "absent"
        if self.version == VERSIONS[-1]:
            return "current"
        return "behind" if self.version in VERSIONS else "newer"

    @property
    def message(self) -> str:
        """What was found, and what to do."""
        match self.state:
            case "current":
                return f"{self.where} has schema version {self.version}, this release's"
            case "absent":
                return f"{self.where} has no schema yet; make it with: mastery db upgrade"
            case "behind":
                return (
                    f"{self.where} has schema version {self.version}, this release's is {VERSIONS[-1]}; "
                    "bring it up to date with: mastery db upgrade"
                )
            case "newer":
                return (
                    f"{self.where} has schema version {self.version}, written by a newer release; this one knows "
                    f"versions up to {VERSIONS[-1]}: install the newer release, or use another database"
                )

    def check(self) -> None:
        """Refuse a schema that is not this release's.

        Raises:
            NewerVersion: It is a newer release's.
            ConfigurationError: It is an older release's, or there is none.
        """
        if self.state != "current":
            raise (NewerVersion if self.state == "newer" else ConfigurationError)(self.message)


async def schema_state(database: Database) -> SchemaState:
    """Look.

    Raises:
        DependencyDown: The server does not answer.
        ConfigurationError: The server is too old, or this user may not read the version.
    """
    async with database.read() as connection:
        await check_server(database.where, connection)
        return SchemaState(database.where, await version_of(connection))


async def version_of(connection: AsyncConnection) -> str | None:
    """The version written in the database; None if there is none."""
    if await connection.scalar(select(func.to_regclass(VERSION.name))) is None:
        return None
    return await connection.scalar(select(VERSION.c.version_num))


async def check_server(where: str, connection: AsyncConnection) -> None:
    """Refuse a server that lacks what is used.

    Raises:
        ConfigurationError: It is older than PostgreSQL 15.
    """
    number = int(await connection.scalar(select(func.current_setting("server_version_num"))) or 0)
    if number < OLDEST_SERVER:
        raise ConfigurationError(
            f"{where} is version {number // 10_000}; version {OLDEST_SERVER // 10_000} or newer is needed"
        )
