"""A cluster, whose servers share the keys out by slots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, final

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot

from mastery_engine.adapters.redis.address import RedisAddress
from mastery_engine.adapters.redis.servers import (
    MOST_CONNECTIONS,
    SCANNED_AT_ONCE,
    Call,
    options_of,
    raise_first,
)
from mastery_engine.adapters.redis.turns import Turns


def cluster_of(address: RedisAddress) -> RedisCluster:
    """A client; it connects when it is first used."""
    nodes = [ClusterNode(host, port) for host, port in address.nodes]
    return RedisCluster(startup_nodes=nodes, **options_of(address))


@final
class ClusterServers:
    """Calls to the servers that have the keys; keys of one slot lie together."""

    def __init__(self, client: RedisCluster) -> None:
        """Wrap a client; it is closed with this."""
        self._client = client
        self._turns = Turns(MOST_CONNECTIONS)

    def together(self, key: str) -> int:
        """The key's slot."""
        return key_slot(key.encode())

    async def run(self, calls: Sequence[Call], *, durably: bool) -> list[Any]:
        del durably
        return await self._turns.take(self._run(calls))

    async def scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        await self._client.initialize()
        for node in self._nodes():
            cursor = 0
            while True:
                scanned = node.execute_command("SCAN", cursor, "MATCH", pattern, "COUNT", SCANNED_AT_ONCE)
                cursor, keys = await self._turns.take(scanned)
                if keys:
                    yield keys
                if not int(cursor):
                    break

    async def info(self) -> list[dict[str, Any]]:
        await self._client.initialize()
        return [await self._turns.take(node.execute_command("INFO")) for node in self._nodes()]

    async def time_ms(self) -> int:
        await self._client.initialize()
        seconds, micros = await self._turns.take(self._nodes()[0].execute_command("TIME"))
        return int(seconds) * 1_000 + int(micros) // 1_000

    async def close(self) -> None:
        await self._turns.finish()
        await self._client.aclose()

    async def _run(self, calls: Sequence[Call]) -> list[Any]:
        pipeline = self._client.pipeline()
        for call in calls:
            pipeline.execute_command(*call.command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        raise_first(answers)
        return answers

    def _nodes(self) -> list[Any]:
        """Those that take writes; asked one by one, for the client makes one answer of several."""
        return list(self._client.get_primaries())
