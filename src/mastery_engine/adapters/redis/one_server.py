"""One server that takes every write: the one that a URL names, or the primary that sentinels name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast, final

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

from mastery_engine.adapters.redis.address import RedisAddress
from mastery_engine.adapters.redis.servers import (
    MOST_CONNECTIONS,
    SCANNED_AT_ONCE,
    Call,
    options_of,
    raise_first,
)
from mastery_engine.adapters.redis.turns import Turns
from mastery_engine.domain.errors import DependencyDown

_REPLICAS_MS: Final = 1_000


def one_server(address: RedisAddress) -> OneServer:
    """Calls to the server of an address; they connect when the first is made."""
    options = options_of(address)
    if address.topology == "sentinel":
        own = {
            "username": address.sentinel_username or None,
            "password": address.sentinel_password or None,
        }
        sentinel: Any = Sentinel(list(address.nodes), sentinel_kwargs={**options, **own})
        client = sentinel.master_for(address.primary, db=address.database, **options)
        return OneServer(client, address.replicas, sentinel.sentinels)
    ((host, port),) = address.nodes
    return OneServer(Redis(host=host, port=port, db=address.database, **options), address.replicas)


@final
class OneServer:
    """Calls to one server."""

    def __init__(self, client: Redis, replicas: int = 0, sentinels: Sequence[Redis] = ()) -> None:
        """Wrap a client.

        Args:
            client: It is closed with this.
            replicas: How many must have a write before it is taken for written.
            sentinels: Clients of those that the client asks for the primary; closed with this.
        """
        # The client's methods take keywords of no known type.
        self._client: Any = client
        self._sentinels: Sequence[Any] = sentinels
        self._replicas = replicas
        self._turns = Turns(MOST_CONNECTIONS)
        self._unsure = False

    def together(self, key: str) -> int:
        """All keys lie in one place."""
        del key
        return 0

    async def run(self, calls: Sequence[Call], *, durably: bool) -> list[Any]:
        return await self._turns.take(self._run(calls, waits=durably and self._replicas > 0))

    async def scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        cursor = 0
        while True:
            cursor, keys = await self._turns.take(self._client.scan(cursor, pattern, SCANNED_AT_ONCE))
            if keys:
                yield keys
            if not int(cursor):
                return

    async def info(self) -> list[dict[str, Any]]:
        return [await self._turns.take(self._client.info())]

    async def time_ms(self) -> int:
        seconds, micros = await self._turns.take(self._client.time())
        return int(seconds) * 1_000 + int(micros) // 1_000

    async def close(self) -> None:
        await self._turns.finish()
        for client in (self._client, *self._sentinels):
            await client.aclose(close_connection_pool=True)

    async def _run(self, calls: Sequence[Call], *, waits: bool) -> list[Any]:
        if self._unsure:
            await self._see_that_replicas_have_it()
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command(*call.command)
        if waits:
            self._unsure = True
            pipeline.execute_command("WAIT", self._replicas, _REPLICAS_MS)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        raise_first(answers)
        if waits:
            self._take(answers.pop())
        return answers

    def _take(self, having: int) -> None:
        if having < self._replicas:
            raise DependencyDown(
                f"only {having} of {self._replicas} replicas of redis have what was written last; trying again"
            )
        self._unsure = False

    async def _see_that_replicas_have_it(self) -> None:
        """What a caller was told to be unsure must not seem safe because it asks again."""
        told: dict[str, Any] = await self._client.info("replication")
        written = int(told.get("master_repl_offset", 0))
        replicas = [
            cast("dict[str, Any]", value)
            for name, value in told.items()
            if name.startswith("slave") and isinstance(value, dict)
        ]
        self._take(sum(int(one.get("offset", 0)) >= written for one in replicas))
