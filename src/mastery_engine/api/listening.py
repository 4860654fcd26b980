"""Listening, in plain or by TLS, and a server that leaves signals to whoever runs it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from mastery_engine.api.connections import connections_of
from mastery_engine.api.middleware import malformed
from mastery_engine.config import Settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Clock

GRACE_SECONDS: Final = 10
UNTAKEN_MS: Final = 60_000
_BACKLOG: Final = 2048


class Server(uvicorn.Server):
    """A server that leaves signals to us: uvicorn raises them again at its end, as the exit code.

    Attributes:
        ending: Called when it begins to end, so that whatever would go on for ever ends first.
    """

    ending: Callable[[], None] | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Catch none."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then wait for the requests under way."""
        if self.ending is not None:
            self.ending()
        await super().shutdown(sockets)


def server_of(settings: Settings, app: FastAPI, tls: ssl.SSLContext | None = None) -> Server:
    """A server of an application.

    Args:
        settings: What is in force.
        app: What answers.
        tls: How TLS is spoken; None for plain HTTP.
    """
    clock: Clock = app.state.clock
    config = uvicorn.Config(
        app,
        http=connections_of(
            settings.most_connections, lambda by_tls: malformed(clock.now_ms(), by_tls=by_tls)
        ),
        log_config=None,
        log_level="warning" if settings.log_level == "debug" else settings.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
    )
    return Server(config)


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """How TLS is spoken, at least 1.2 of it; None where no certificate is set.

    Raises:
        ConfigurationError: Only one of certificate and key is set, or they cannot be used.
    """
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError(
            "MASTERY_TLS_CERT_FILE and MASTERY_TLS_KEY_FILE are set together, or neither is"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"the certificate {certificate} and the key {key} cannot be used ({reason}); look at MASTERY_TLS_CERT_FILE and "
            "MASTERY_TLS_KEY_FILE"
        ) from None
    return context


@contextmanager
def listening(
    host: str, port: int, advice: str = "choose others with --host and --port"
) -> Generator[socket.socket]:
    """A socket that listens, opened here because uvicorn would end the process where it cannot.

    Args:
        host: Address or name.
        port: Port; 0 takes a free one.
        advice: What to do where that cannot be.

    Raises:
        ConfigurationError: The address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"cannot listen on {host}, port {port}: {error}; {advice}") from None
    # asyncio sets this on sockets that name their protocol only; without it an answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Who takes nothing of what was sent for so long is cut off, by the system: an answer to nobody would lie there for ever.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
    with listener:
        yield listener


def url_of(listener: socket.socket, tls: ssl.SSLContext | None = None) -> str:
    """Where it listens."""
    scheme = "http" if tls is None else "https"
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
