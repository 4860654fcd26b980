"""Reading what comes into a topic from now on, as a member of no group."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, final

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin._listoffsets import LatestSpec

from mastery_engine.adapters.kafka.admin import KafkaAdmin
from mastery_engine.adapters.kafka.failures import kafka_errors
from mastery_engine.adapters.kafka.messages import is_unreadable, record_of, unreadable
from mastery_engine.ports import Record

_FETCH_WAIT_MS: Final = 20


@final
class KafkaFollower:
    """Follows all partitions that a topic has at the start."""

    def __init__(self, topic: str, admin: KafkaAdmin) -> None:
        """Nothing is opened yet; see `open`.

        Args:
            topic: Its name, prefix and all.
            admin: Of the process; closed by whoever made it.
        """
        self._topic = topic
        self._admin = admin
        self._thread = ThreadPoolExecutor(1, f"follow-{topic}")
        self._consumer: Consumer | None = None
        self._passed: dict[int, int] = {}

    async def open(self) -> Self:
        """Begin behind the newest record of each partition.

        Raises:
            DependencyDown: Kafka does not answer, or there is no such topic.
            ConfigurationError: Kafka refuses the user or the protocol.
        """
        topic = self._topic
        ends = await self._admin.ask(f"follow {topic}", lambda: self._admin.offsets(topic, LatestSpec()))
        self._consumer = Consumer(
            {
                **self._admin.connection.config(),
                # Asked for by the client, and of no group here: nothing is committed.
                "group.id": "mastery-engine-follower",
                "enable.auto.commit": False,
                # Where its place is gone, because the topic was trimmed or made again: all that is there is new.
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
            }
        )
        self._consumer.assign([TopicPartition(topic, number, end) for number, end in ends.items()])
        return self

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        consumer = self._consumer
        if consumer is None:
            return []
        loop = asyncio.get_running_loop()
        with kafka_errors(self._admin.connection, f"follow {self._topic}"):
            return await loop.run_in_executor(self._thread, self._poll, consumer, limit, wait_seconds)

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, consumer.close)
        self._thread.shutdown(wait=False)

    def _poll(self, consumer: Consumer, limit: int, wait_seconds: float) -> list[Record]:
        first = consumer.poll(wait_seconds)
        if first is None:
            return []
        messages = [first, *consumer.consume(limit - 1, 0)] if limit > 1 else [first]
        found: list[Record] = []
        for message in messages:
            if message.error() is None:
                found.append(record_of(message))
            elif is_unreadable(message):
                # No result of ours; it is passed over.
                record = unreadable(message, self._passed.get(message.partition() or 0, 0))
                self._passed[record.partition] = record.offset + 1
                consumer.seek(TopicPartition(self._topic, record.partition, record.offset + 1))
            # Other errors are of brokers that are away; the client goes on as soon as they are back.
        return found
