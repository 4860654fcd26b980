"""A topic of Kafka as the event log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin._listoffsets import EarliestSpec, LatestSpec, OffsetSpec, TimestampSpec

from mastery_engine.adapters.kafka.admin import ANSWER_SECONDS, KafkaAdmin
from mastery_engine.adapters.kafka.consumer import KafkaLogConsumer
from mastery_engine.adapters.kafka.failures import kafka_errors
from mastery_engine.adapters.kafka.messages import is_unreadable, record_of, unreadable
from mastery_engine.adapters.kafka.producer import KafkaProducer
from mastery_engine.ports import WHOLE, NewRecord, Position, Record, Share

_FETCH_SECONDS: Final = 0.2
_PING_SECONDS: Final = 1.5


@final
class KafkaEventLog:
    """A topic, and who reads it.

    Attributes:
        topic: Its name.
    """

    def __init__(self, topic: str, producer: KafkaProducer, admin: KafkaAdmin) -> None:
        """Nothing is opened yet.

        Args:
            topic: Its name, prefix and all.
            producer: Of the process; closed by whoever made it, as is `admin`.
            admin: Of the process.
        """
        self.topic = topic
        self._producer = producer
        self._admin = admin
        self._thread = ThreadPoolExecutor(1, f"read-{topic}")
        self._reader: Consumer | None = None

    async def topic_id(self) -> str:
        topic_id, _ = await self._admin.ask(f"look at {self.topic}", lambda: self._admin.topic(self.topic))
        return topic_id

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        return await self._producer.send(self.topic, records)

    async def ends(self) -> dict[int, int]:
        return await self._offsets(LatestSpec())

    async def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        loop = asyncio.get_running_loop()
        with kafka_errors(self._admin.connection, f"read {self.topic}"):
            return await loop.run_in_executor(self._thread, self._read, partition, offset, limit)

    def consumer(self, group: str, share: Share = WHOLE) -> KafkaLogConsumer:
        return KafkaLogConsumer(self.topic, group, share, self._admin)

    async def trim(self, before_ms: int) -> int:
        first, kept = await asyncio.gather(
            self._offsets(EarliestSpec()), self._offsets(TimestampSpec(before_ms))
        )
        ends = await self.ends()
        # Nothing as new as that: all of it is old.
        until = {number: ends[number] if offset < 0 else offset for number, offset in kept.items()}
        wanted = [TopicPartition(self.topic, number, offset) for number, offset in until.items()]
        await self._admin.ask(f"trim {self.topic}", lambda: self._admin.delete_until(wanted))
        return sum(until[number] - first[number] for number in until)

    async def ping(self) -> None:
        doing = f"reach {self.topic}"
        await self._admin.ask(doing, lambda: self._admin.topic(self.topic, _PING_SECONDS))

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await asyncio.to_thread(reader.close)
        self._thread.shutdown(wait=False)

    async def _offsets(self, spec: OffsetSpec) -> dict[int, int]:
        doing = f"look at {self.topic}"
        return await self._admin.ask(doing, lambda: self._admin.offsets(self.topic, spec))

    def _read(self, partition: int, offset: int, limit: int) -> list[Record]:
        if self._reader is None:
            self._reader = Consumer(
                {
                    **self._admin.connection.config(),
                    "group.id": "mastery-engine-reader",
                    "enable.auto.commit": False,
                    "auto.offset.reset": "earliest",
                    "enable.partition.eof": True,
                }
            )
        place = TopicPartition(self.topic, partition, offset)
        low, high = self._reader.get_watermark_offsets(place, ANSWER_SECONDS)
        if offset >= high or low == high:
            return []
        self._reader.assign([TopicPartition(self.topic, partition, max(low, offset))])
        try:
            return self._until_end(self._reader, partition, max(low, offset), limit)
        finally:
            self._reader.unassign()

    def _until_end(self, reader: Consumer, partition: int, offset: int, limit: int) -> list[Record]:
        """The records from an offset on; the client tells of the end, which markers of transactions may lie before."""
        found: list[Record] = []
        came = time.monotonic()
        while len(found) < limit:
            messages: list[Message] = reader.consume(limit - len(found), _FETCH_SECONDS)
            for message in messages:
                error = message.error()
                if error is None:
                    found.append(record_of(message))
                elif error.code() == KafkaError._PARTITION_EOF:
                    return found
                elif is_unreadable(message):
                    behind = found[-1].offset + 1 if found else offset
                    found.append(unreadable(message, behind))
                    reader.seek(TopicPartition(self.topic, partition, found[-1].offset + 1))
            if messages:
                came = time.monotonic()
            elif time.monotonic() > came + ANSWER_SECONDS:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no record comes"))
        return found
