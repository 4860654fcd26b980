"""The administrative client, asked for the first time by several at once."""

from __future__ import annotations

import asyncio

from mastery_engine.adapters.kafka.admin import KafkaAdmin
from tests.integration.kafka_house import KafkaHouse


async def test_several_may_ask_first(kafka_servers: str) -> None:
    house = KafkaHouse(kafka_servers)
    log = await house.log()
    for _ in range(5):
        admin = KafkaAdmin(house.connection)
        clients = asyncio.gather(*(admin.ask("open", admin.client) for _ in range(3)))
        _, partitions = await admin.ask("look", lambda admin=admin: admin.topic(log.topic))
        assert len({id(client) for client in await clients}) == 1
        assert partitions == 3
        await admin.close()
    await house.close()
