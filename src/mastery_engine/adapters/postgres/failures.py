"""What PostgreSQL's errors mean here, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError

_LONGEST_REASON: Final = 300
_FATAL: Final = "FATAL:"
_TLS: Final = re.compile(r"certificate|does not support SSL|SSL error: (?!unexpected eof)")
"""In what libpq says of a handshake that failed: the server did answer. One that went away is another matter."""
_SILENT: Final = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)
TRANSIENT: Final = (errors.DeadlockDetected, errors.SerializationFailure)
"""The same transaction may well succeed when it is tried again."""


@contextmanager
def told(where: str) -> Generator[None]:
    """Turn what the outside did into our errors; a mistake of our own passes as it is.

    Args:
        where: Host and database, as they may be shown.

    Raises:
        DependencyDown: The server is silent, refuses, is busy or does not write.
        ConfigurationError: The user lacks a right, or the tables have gone.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DependencyDown(f"{where}: every connection of this process is busy; try again") from error
    except (DBAPIError, psycopg.Error) as error:
        ours = _ours(where, cause(error))
        if ours is None:
            raise
        raise ours from error


def cause(error: BaseException) -> BaseException | None:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) else error


def _ours(where: str, error: BaseException | None) -> MasteryError | None:
    match error:
        case errors.InsufficientPrivilege():
            return ConfigurationError(
                f"{where}: {_reason(error)}; let the owner of the tables run: mastery db upgrade --service-role USER"
            )
        case errors.UndefinedTable() | errors.UndefinedFunction():
            return ConfigurationError(
                f"{where}: {_reason(error)}; bring the schema up to date with: mastery db upgrade"
            )
        case errors.ConfigurationLimitExceeded() | errors.OutOfMemory():
            return DependencyDown(
                f"{where}: {_reason(error)}; give the server more memory or max_locks_per_transaction, then try again"
            )
        case psycopg.Error() if isinstance(error, _SILENT):
            return _down(where, error)
        case _:
            return None


def _down(where: str, error: psycopg.Error) -> DependencyDown:
    reason = _reason(error)
    if error.sqlstate:
        return DependencyDown(f"{where} did not do it ({reason}); try again")
    if _FATAL in reason:
        # It did answer, and most often a setting is to blame; but one that starts up refuses too.
        return DependencyDown(
            f"{where} refuses the connection ({reason}); look at MASTERY_ARCHIVE_URL, or try again"
        )
    if _TLS.search(reason):
        return DependencyDown(
            f"{where} answers, but no connection by TLS came about ({reason}); look at sslmode and sslrootcert in "
            "MASTERY_ARCHIVE_URL, and at the server's certificate"
        )
    return DependencyDown(f"{where} does not answer ({reason}); try again")


def _reason(error: psycopg.Error) -> str:
    # The first line alone: the lines after it may tell values of a row.
    reason = error.diag.message_primary or " ".join(str(error).split())
    return reason[:_LONGEST_REASON]
