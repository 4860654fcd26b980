"""One command's use of the engine: settings, the engine opened and closed, and who asks."""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import uuid4

from mastery_engine.domain.errors import InvalidInput, NotFound
from mastery_engine.engine.access import Caller, not_found

if TYPE_CHECKING:
    from mastery_engine.bootstrap import Engine
    from mastery_engine.config import Settings

_T = TypeVar("_T")


class Session(NamedTuple):
    """What a command works with.

    Attributes:
        engine: Open.
        caller: The operator, in the tenant that was asked for.
    """

    engine: Engine
    caller: Caller


def run(
    job: Callable[[Session], Awaitable[_T]],
    tenant: str | None = None,
    settings: Settings | None = None,
    student: str | None = None,
    server: str | None = None,
    *,
    asks: bool = False,
) -> _T:
    """Do a job with an engine of the settings in force.

    Args:
        job: What to do.
        tenant: Tenant of the caller; None means that of the settings.
        settings: Other settings than those in force.
        student: Whom it is about; an error of not finding names the student.
        server: A service to ask in place of the engine of these settings; the token tells the tenant.
        asks: It only asks, and what answers logs nothing: setting up a log would take longer than that.

    Raises:
        InvalidInput: Both a tenant and a server are given.
    """
    from mastery_engine.config import load_settings

    refuse_both(tenant, server)
    chosen = settings or load_settings()

    async def within() -> _T:
        # Ctrl-C ends a wait for standard input too, which cancelling would not; what is open is closed.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        asyncio.get_running_loop().set_exception_handler(_on_lost_error)
        async with _opened(chosen, server, logs=not asks) as engine:
            try:
                return await job(Session(engine, operator(_school(chosen, tenant, server))))
            except NotFound as error:
                if student is None or error.message != not_found().message:
                    raise
                advice = "check the id, --tenant and --as-of"
                raise NotFound(f"student {student!r}: {error.message}; {advice}") from None

    return asyncio.run(within())


def refuse_both(tenant: str | None, server: str | None) -> None:
    """Refuse what contradicts itself.

    Raises:
        InvalidInput: Both a tenant and a server are given.
    """
    if server is not None and tenant is not None:
        raise InvalidInput(
            "the token of a service tells the school; leave out --tenant, or leave out --server"
        )


def _opened(settings: Settings, server: str | None, *, logs: bool) -> AbstractAsyncContextManager[Engine]:
    # Each is imported where it is wanted: the other's libraries need not be there.
    if server is not None:
        from mastery_engine.cli.remote import open_remote

        return open_remote(server, settings)
    from mastery_engine.bootstrap import open_engine

    # Why a reason was not reworded is a line of the log, too.
    if logs or settings.rewording_url:
        from mastery_engine.bootstrap.logs import configure_logs

        # Unconfigured, log lines would stand on standard output, in the middle of a command's JSON.
        configure_logs(settings)
    return open_engine(settings)


def _school(settings: Settings, tenant: str | None, server: str | None) -> str:
    if server is not None:
        from mastery_engine.cli.remote import school_of, token

        return school_of(token())
    return tenant or settings.tenant


def _on_lost_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of a task that Ctrl-C ended: the command tells of it."""
    if not isinstance(context.get("exception"), KeyboardInterrupt):
        loop.default_exception_handler(context)


def operator(tenant_id: str) -> Caller:
    """Whoever sits at this machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return Caller(tenant_id=tenant_id, subject=f"os:{user}", role="operator", request_id=str(uuid4()))
