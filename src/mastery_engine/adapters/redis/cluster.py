"""A cluster, whose servers share the keys out by slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast, final

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
        self._turn = asyncio.Semaphore(MOST_CONNECTIONS)

    def together(self, key: str) -> int:
        """The key's slot."""
        return key_slot(key.encode())

    async def run(self, calls: Sequence[Call], *, durably: bool) -> list[Any]:
        del durably
        async with self._turn:
            pipeline = self._client.pipeline()
            for call in calls:
                pipeline.execute_command(*call.command)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        raise_first(answers)
        return answers

    async def scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        await self._client.initialize()
        for node in self._client.get_primaries():
            cursor = 0
            while True:
                async with self._turn:
                    cursor, keys = await self._ask(
                        node, "SCAN", cursor, "MATCH", pattern, "COUNT", SCANNED_AT_ONCE
                    )
                if keys:
                    yield keys
                if not int(cursor):
                    break

    async def info(self) -> list[dict[str, Any]]:
        await self._client.initialize()
        return [await self._ask(node, "INFO") for node in self._client.get_primaries()]

    async def time_ms(self) -> int:
        await self._client.initialize()
        seconds, micros = await self._ask(self._client.get_primaries()[0], "TIME")
        return int(seconds) * 1_000 + int(micros) // 1_000

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, node: ClusterNode, *command: str | int) -> Any:
        """The answer of one node, whatever the client makes of several."""
        told = await self._client.execute_command(*command, target_nodes=[node])
        return (
            cast("dict[str, Any]", told)[node.name] if isinstance(told, dict) and node.name in told else told
        )
