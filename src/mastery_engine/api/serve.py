"""`mastery serve`: API, worker and what the service does beside them, in one process and one loop, ended in order."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, final

import structlog
from pydantic import SecretStr

from mastery_engine.adapters.auth import make_token
from mastery_engine.api.app import create_app
from mastery_engine.api.background import background
from mastery_engine.api.listening import Server, listening, server_of, tls_of, url_of
from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.dapr_doors import WORDS, doors_of
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.config import Settings, is_loopback
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.work import Waiting, Worker

TRIAL_SECONDS: Final = 12 * 60 * 60
_SECRET_BYTES: Final = 48
_log: Final = structlog.get_logger(__name__)
Announce = Callable[[str], None]


@final
class Supervised:
    """A worker's run, watched.

    Attributes:
        task: The run.
    """

    def __init__(self, worker: Worker, stop: asyncio.Event) -> None:
        """Start the run.

        Args:
            worker: Folds.
            stop: Ends the run after the step under way.
        """
        self._worker = worker
        self.task = asyncio.create_task(worker.run(stop), name="worker")

    def trouble(self) -> Waiting | None:
        """Why it does not fold just now, None while it does."""
        return Waiting("has ended") if self.task.done() else self._worker.waiting


@final
class _Signals:
    """Ends a server on SIGTERM or SIGINT, also if they come first; asked twice, it waits for no request."""

    def __init__(self) -> None:
        self._asked = 0
        self._server: Server | None = None

    @contextmanager
    def caught(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        ours = (signal.SIGTERM, signal.SIGINT)
        for one in ours:
            loop.add_signal_handler(one, self._on_signal)
        try:
            yield
        finally:
            for one in ours:
                loop.remove_signal_handler(one)

    def end(self, server: Server) -> None:
        self._server = server
        server.should_exit = self._asked > 0

    def _on_signal(self) -> None:
        self._asked += 1
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = self._asked > 1


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


async def serve(
    settings: Settings, host: str = "127.0.0.1", port: int = 8080, announce: Announce = _tell
) -> int:
    """Serve until SIGTERM or SIGINT, then finish requests and the step under way.

    Args:
        settings: What is in force. In development without a secret, one is made for this run, on a loopback
            address only, and a token of it is announced.
        host: Address or name to listen on.
        port: Port; 0 takes a free one.
        announce: Told where the service listens, and the token of a trial.

    Returns:
        0 after a signal; 1 if the worker died, which ends the service too.

    Raises:
        ConfigurationError: A secret is missing or too short, or certificate or address cannot be used.
        Conflict: Another process folds this home.
        DependencyDown: A database does not answer.
    """
    configure_logs(settings)
    settings.check_secrets()
    tls = tls_of(settings)
    trial = None if settings.checks_tokens else _trial_secret(host)
    if trial is not None:
        settings = settings.model_copy(update={"jwt_secret": SecretStr(trial)})
    signals = _Signals()
    with signals.caught(), listening(host, port) as listener:
        async with open_engine(settings, serves=True) as engine, engine.folding() as worker:
            stop = asyncio.Event()
            run = Supervised(worker, stop)
            async with background(engine) as tasks:
                server = server_of(settings, create_app(settings, engine, run.trouble, tasks), tls)
                server.ending = None if engine.live is None else engine.live.end
                signals.end(server)
                announce(f"serving {url_of(listener, tls)} (API and worker; Ctrl-C ends it)")
                if doors_of(settings) == "closed":
                    announce(f"Dapr: {WORDS['closed']}")
                if trial is not None:
                    announce(_trial_words(settings, trial, url_of(listener, tls)))
                await _until_ended(server, listener, run.task)
                died = run.task.done()
            stop.set()
            await asyncio.wait({run.task})
            return _outcome(run.task, died=died)


async def _until_ended(server: Server, listener: socket.socket, run: asyncio.Task[None]) -> None:
    """Return once no request is under way any more: after a signal, or after the worker's end."""
    served = asyncio.create_task(server.serve(sockets=[listener]), name="server")
    await asyncio.wait({run, served}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await served


def _outcome(run: asyncio.Task[None], *, died: bool) -> int:
    error = run.exception()
    if error is None and not died:
        return 0
    if isinstance(error, ConfigurationError):
        _log.error("the worker has ended", reason=error.message)
        return 1
    place = "" if error is None else "".join(traceback.format_tb(error.__traceback__))
    _log.error("the worker has ended unexpectedly", error=type(error).__name__, place=place)
    return 1


def _trial_secret(host: str) -> str:
    """A secret for this run only."""
    if not is_loopback(host):
        raise ConfigurationError(
            f"MASTERY_JWT_SECRET is required to listen on {host}; without one, listen on 127.0.0.1. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return secrets.token_urlsafe(_SECRET_BYTES)


def _trial_words(settings: Settings, secret: str, url: str) -> str:
    token = make_token(
        secret.encode(),
        subject="trial",
        role="admin",
        tenant_id=settings.tenant,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        issued_at=int(time.time()),
        lifetime_seconds=TRIAL_SECONDS,
    )
    return (
        "MASTERY_JWT_SECRET is not set, so tokens hold for this run only. One of an admin, for 12 hours:\n\n"
        f"  export TOKEN={token}\n"
        f'  curl -s {url}/api/v1/mastery/query -H "Authorization: Bearer $TOKEN" '
        "-H 'Content-Type: application/json' -d '{\"student_id\": \"...\"}'\n"
    )
