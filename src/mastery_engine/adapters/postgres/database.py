"""Connections to one database: bounded, with time limits, found again after a restart."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self, cast

import psycopg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mastery_engine.adapters.postgres.address import Address
from mastery_engine.adapters.postgres.failures import told
from mastery_engine.domain.errors import DependencyDown

MOST_CONNECTIONS: Final = 10
STATEMENT_SECONDS: Final = 30
TRANSACTION_SECONDS: Final = 60
_LOCK_SECONDS: Final = 10
_POOL_SECONDS: Final = 10
_PING_SECONDS: Final = 5
_KEPT_CONNECTIONS: Final = 5
_SESSION: Final = (
    "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false), "
    "set_config('idle_in_transaction_session_timeout', %s, false), "
    # What was acknowledged must be there after a power cut; a stricter choice of the server's is kept.
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END"
)
_LIMITS: Final = tuple(f"{seconds}s" for seconds in (STATEMENT_SECONDS, _LOCK_SECONDS, TRANSACTION_SECONDS))
_ONE_STATE: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Database:
    """A pool of at most ten connections, shared by adapters that each take a lease."""

    def __init__(self, address: Address) -> None:
        """Prepare; nothing is connected before it is asked for.

        Args:
            address: Where it is.
        """
        self.where: Final = address.shown
        self._engine = _engine(address)
        self._leases = 0
        self._closed = False

    def lease(self) -> Self:
        """Keep it open until `release` was called as often as this."""
        self._leases += 1
        return self

    async def release(self) -> None:
        """Give a lease back; with the last one all connections are closed."""
        self._leases -= 1
        if self._leases <= 0:
            await self.close()

    async def close(self) -> None:
        """Close every connection, whoever still has a lease; idempotent."""
        if not self._closed:
            self._closed = True
            await self._engine.dispose()

    @asynccontextmanager
    async def write(self, seconds: float = TRANSACTION_SECONDS) -> AsyncGenerator[AsyncConnection]:
        """One transaction: kept whole, durably, when the block ends well, or not at all.

        Args:
            seconds: After so many the connection is cut.

        Raises:
            DependencyDown: The server does not answer, or has not in time.
        """
        async with self._connected({}) as connection:
            with cut_off(await driver_of(connection), seconds):
                yield connection
                await connection.commit()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """One state of the database, that of the first statement.

        Raises:
            DependencyDown: The server does not answer, or has not in time.
        """
        async with self.stream() as connection:
            with cut_off(await driver_of(connection), TRANSACTION_SECONDS):
                yield connection

    @asynccontextmanager
    async def stream(self) -> AsyncGenerator[AsyncConnection]:
        """The same without a limit to the whole; whoever uses it limits each wait."""
        async with self._connected(_ONE_STATE) as connection:
            yield connection

    @asynccontextmanager
    async def _connected(self, options: dict[str, Any]) -> AsyncGenerator[AsyncConnection]:
        if self._closed:
            raise DependencyDown(f"{self.where} was closed; open it again")
        with told(self.where):
            connection = await self._begin(options) or await self._begin(options, again=False)
            assert connection is not None, "a second failure is raised"  # noqa: S101
            driver = await driver_of(connection)
            try:
                yield connection
            finally:
                # What was not committed is rolled back, if the server still listens.
                with cut_off(driver, _PING_SECONDS):
                    await connection.close()

    async def _begin(self, options: dict[str, Any], *, again: bool = True) -> AsyncConnection | None:
        """A connection that answers, in a transaction.

        None: this one was dead, and with it the pool has let go of all that are as old.
        """
        connection = await self._engine.connect()
        try:
            await connection.execution_options(**options)
            with cut_off(await driver_of(connection), _PING_SECONDS):
                await connection.exec_driver_sql(";")
        except DBAPIError as error:
            await connection.close()
            if error.connection_invalidated and again:
                return None
            raise
        except BaseException:
            await connection.close()
            raise
        return connection


class Lease:
    """Base of an adapter on a database that it shares with others."""

    def __init__(self, database: Database) -> None:
        """Take a lease.

        Args:
            database: Its schema must be this release's.
        """
        self._database = database.lease()
        self._released = False

    async def ping(self) -> None:
        async with self._database.read():
            return

    async def close(self) -> None:
        if not self._released:
            self._released = True
            await self._database.release()


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The driver's own connection, for what SQLAlchemy has no words for."""
    driver: object = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)  # noqa: S101 - the engine is made with psycopg
    return cast("psycopg.AsyncConnection[Any]", driver)


@contextmanager
def cut_off(driver: psycopg.AsyncConnection[Any], seconds: float) -> Generator[None]:
    """Cut the connection when the block takes longer.

    Cancelling would wait for the server's word, and a server that is silent has none.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _cut, driver)
    try:
        yield
    finally:
        timer.cancel()


def _cut(driver: psycopg.AsyncConnection[Any]) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def _engine(address: Address) -> AsyncEngine:
    async def connect() -> psycopg.AsyncConnection[Any]:
        driver = await psycopg.AsyncConnection.connect(**address.parameters)
        try:
            with cut_off(driver, _PING_SECONDS):
                await driver.execute(_SESSION, _LIMITS)
                await driver.commit()
        except BaseException:
            await driver.close()
            raise
        return driver

    return create_async_engine(
        URL.create("postgresql+psycopg"),
        async_creator=connect,
        pool_size=_KEPT_CONNECTIONS,
        max_overflow=MOST_CONNECTIONS - _KEPT_CONNECTIONS,
        pool_timeout=_POOL_SECONDS,
        # A type that is not used here would be looked up for each connection.
        use_native_hstore=False,
        # Errors and logs must not tell whose data it was.
        hide_parameters=True,
    )
