"""Topics of a test's own on a real broker."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic
from typing import Any, cast
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin._listoffsets import LatestSpec
from confluent_kafka.cimpl import NewPartitions, NewTopic

from mastery_engine.adapters.kafka.admin import KafkaAdmin
from mastery_engine.adapters.kafka.connection import GroupProtocol, KafkaConnection
from mastery_engine.adapters.kafka.log import KafkaEventLog
from mastery_engine.adapters.kafka.producer import KafkaProducer
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import LogConsumer, NewRecord, Record
from tools.waiting import DEADLINE_SECONDS, until

__all__ = ["DEADLINE_SECONDS", "until"]


class KafkaHouse:
    """Topics, and clients to them; `close` removes all."""

    def __init__(self, servers: str, protocol: GroupProtocol = "consumer") -> None:
        self.connection = replace(KafkaConnection(servers), group_protocol=protocol)
        self.prefix = f"test-{uuid4().hex[:12]}."
        self.group = f"{self.prefix}group"
        self.topics: set[str] = set()
        self.producer = KafkaProducer(self.connection)
        self.admin = KafkaAdmin(self.connection)
        self.logs: list[KafkaEventLog] = []

    async def log(self, topic: str = "requests", partitions: int = 3) -> KafkaEventLog:
        name = self.prefix + topic
        if name not in self.topics:
            self.topics.add(name)
            await self.make(name, partitions)
        return self.opened(name)

    def opened(self, name: str) -> KafkaEventLog:
        log = KafkaEventLog(name, self.producer, self.admin)
        self.logs.append(log)
        return log

    async def make(self, name: str, partitions: int) -> None:
        config = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "4194304"}

        def job() -> None:
            client = cast("Any", self.admin.client())
            client.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(20)

        async def made() -> bool:
            try:
                await asyncio.to_thread(job)
            except KafkaException:
                # The one before it is still being deleted.
                return False
            return True

        await until(made)

        async def is_empty() -> bool:
            # A broker tells of the new topic a moment before it has dropped what the one before it held, and until
            # then takes records into that.
            try:
                ends = await asyncio.to_thread(self.admin.offsets, name, LatestSpec())
            except KafkaException:
                return False
            return ends == dict.fromkeys(range(partitions), 0)

        await until(is_empty)

    async def delete(self, name: str) -> None:
        client = cast("Any", self.admin.client())
        await asyncio.to_thread(client.delete_topics([name])[name].result, 20)

    async def grow(self, log: KafkaEventLog, partitions: int) -> None:
        client = cast("Any", self.admin.client())
        told = client.create_partitions([NewPartitions(log.topic, partitions)])
        await asyncio.to_thread(told[log.topic].result, 20)

    async def recreate(self, log: KafkaEventLog, partitions: int = 3) -> None:
        await self.delete(log.topic)
        await self.make(log.topic, partitions)

    async def close(self) -> None:
        for log in self.logs:
            await log.close()
        await self.producer.close()
        for name in self.topics:
            await self.delete(name)
        await self.admin.close()


async def read(consumer: LogConsumer, count: int, *, commit: bool = False, most: int = 1_000) -> list[Record]:
    """Poll until so many records have come, and no more; what is down meanwhile is waited for, as a worker does."""
    found: list[Record] = []
    deadline, why = monotonic() + DEADLINE_SECONDS, ""
    while len(found) < count:
        assert monotonic() < deadline, f"only {len(found)} of {count} records came {why}"
        limit = min(most, count - len(found))
        try:
            polled = await consumer.poll(limit, 0.2)
        except DependencyDown as error:
            why = error.message
            continue
        assert len(polled) <= limit
        found += polled
        if commit and polled:
            await consumer.commit(behind(polled))
    return found


def behind(records: list[Record]) -> dict[int, int]:
    """By partition, the offset behind the last record."""
    return {one.partition: one.offset + 1 for one in sorted(records)}


def numbered(count: int, first: int = 0) -> list[NewRecord]:
    return [NewRecord(b"student:%d" % (n % 17), b"%d" % n) for n in range(first, first + count)]


def numbers(records: list[Record]) -> list[int]:
    return sorted(int(one.value) for one in records)
