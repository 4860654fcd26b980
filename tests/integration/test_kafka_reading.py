"""Reading of a part of a topic, to its end and past what stands in the way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from confluent_kafka import Producer

from tests.integration.kafka_house import KafkaHouse, numbered

TOO_LARGE = b"x" * 101_000_000


@pytest.fixture
async def house(kafka_servers: str) -> AsyncIterator[KafkaHouse]:
    made = KafkaHouse(kafka_servers)
    yield made
    await made.close()


async def test_reading_ends_where_transactions_have_left_their_markers(house: KafkaHouse) -> None:
    log = await house.log(partitions=1)
    producer = Producer({"bootstrap.servers": house.connection.servers, "transactional.id": house.group})
    producer.init_transactions(20)
    for name in (b"kept", b"given up"):
        producer.begin_transaction()
        producer.produce(log.topic, value=name)
        if name == b"kept":
            producer.commit_transaction(20)
        else:
            producer.flush(20)
            producer.abort_transaction(20)
    assert [record.value for record in await log.read(0, 0, 100)] == [b"kept"]
    assert await log.read(0, 1, 100) == []
    await log.append(numbered(1))
    assert [record.value for record in await log.read(0, 0, 100)] == [b"kept", b"0"]


async def test_reading_tells_of_records_that_cannot_be_unpacked_and_goes_on(house: KafkaHouse) -> None:
    log = await house.log(partitions=1)
    squeezed = Producer(
        {
            "bootstrap.servers": house.connection.servers,
            "compression.type": "zstd",
            "message.max.bytes": 128 << 20,
            "batch.size": 128 << 20,
            "linger.ms": 10_000,
        }
    )
    await log.append(numbered(1))
    for value in (TOO_LARGE, b"packed with it"):
        squeezed.produce(log.topic, value=value)
    assert squeezed.flush(60) == 0
    await log.append(numbered(1, 1))
    found = await log.read(0, 0, 100)
    assert [record.offset for record in found] == [0, 1, 2, 3]
    assert [record.value[:11] for record in found] == [b"0", b"unreadable:", b"unreadable:", b"1"]
    assert [record.offset for record in await log.read(0, 0, 2)] == [0, 1]
    assert [record.offset for record in await log.read(0, 2, 100)] == [2, 3]
