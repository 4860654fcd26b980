"""A cluster of three servers of a test's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.integration.kafka_house import until
from tools.own_redis import OwnRedis
from tools.services.processes import free_ports

SLOTS = 16_384


@asynccontextmanager
async def cluster_of_three(folder: Path) -> AsyncGenerator[list[OwnRedis]]:
    """Nodes that know each other and serve every slot."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port")
    buses = free_ports(3, [])
    nodes = [OwnRedis(folder / f"node-{number}", *options, str(bus)) for number, bus in enumerate(buses)]
    try:
        for node in nodes:
            await node.start()
        for number, node in enumerate(nodes):
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            await node.tell("CLUSTER", "ADDSLOTSRANGE", first, last)
            await nodes[0].tell("CLUSTER", "MEET", "127.0.0.1", node.port, buses[number])

        async def whole() -> bool:
            told = [await node.tell("CLUSTER", "INFO") for node in nodes]
            return all(b"cluster_state:ok" in one and b"cluster_known_nodes:3" in one for one in told)

        await until(whole)
        yield nodes
    finally:
        for node in nodes:
            await node.stop()
