"""What a state store needs of Redis, whichever way its servers stand to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from mastery_engine.adapters.redis.address import RedisAddress

MOST_CONNECTIONS: Final = 50
SCANNED_AT_ONCE: Final = 1_000
_CONNECT_SECONDS: Final = 3.0


class Call(NamedTuple):
    """One run of a script on keys that lie together.

    Attributes:
        script: Lua.
        keys: Its keys.
        arguments: What comes after them.
    """

    script: str
    keys: Sequence[str]
    arguments: Sequence[bytes | str | int] = ()

    @property
    def command(self) -> tuple[bytes | str | int, ...]:
        """As Redis takes it: the text each time, for a server that was started anew knows no script by its hash."""
        return ("EVAL", self.script, len(self.keys), *self.keys, *self.arguments)


class Servers(Protocol):
    """Nothing is tried twice: whoever asks knows what is safe."""

    def together(self, key: str) -> int:
        """Number of the place where a key lies; a script takes keys of one place."""
        ...

    async def run(self, calls: Sequence[Call], *, durably: bool) -> list[Any]:
        """Run scripts and return their answers; all are sent before the first answer is waited for.

        Args:
            calls: The scripts; those of one place run in this order.
            durably: Wait until as many replicas have it as the address wants.

        Raises:
            RedisError: Any of them failed, or nobody knows; others may have run.
            DependencyDown: They ran, and too few replicas have it.
        """
        ...

    def scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        """Keys that fit a pattern, each at least once."""
        ...

    async def info(self) -> list[dict[str, Any]]:
        """What each server that takes writes tells of itself."""
        ...

    async def time_ms(self) -> int:
        """Time by a server's clock."""
        ...

    async def close(self) -> None:
        """Let go of all connections; idempotent."""
        ...


def options_of(address: RedisAddress) -> dict[str, Any]:
    """What every client is made with."""
    return {
        "username": address.username or None,
        "password": address.password or None,
        "socket_timeout": address.timeout,
        "socket_connect_timeout": min(_CONNECT_SECONDS, address.timeout),
        "max_connections": MOST_CONNECTIONS,
        # The client would do again what may have been done.
        "retry": Retry(NoBackoff(), 0),
        "client_name": "mastery-engine",
        "protocol": 2,
        **tls_of(address),
    }


def tls_of(address: RedisAddress) -> dict[str, Any]:
    """The part of it that concerns TLS."""
    if not address.tls:
        return {}
    return {
        "ssl": True,
        "ssl_ca_certs": address.ca_file or None,
        "ssl_certfile": address.cert_file or None,
        "ssl_keyfile": address.key_file or None,
    }


def raise_first(answers: Sequence[Any]) -> None:
    """Raise the first error among answers of several scripts."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
