"""Sending what is acknowledged as a whole, for those who need not know where each record lies.

The client tells of failures only. Telling of each record that arrived takes its time, and more for the interpreter's lock,
which the thread that listens and the one that sends then take from each other: together a tenth of what a worker does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.failures import kafka_errors
from mastery_engine.adapters.kafka.producer import DELIVERY_SECONDS, FULL_QUEUE_SECONDS, producer_config
from mastery_engine.adapters.kafka.troubles import Troubles
from mastery_engine.ports import NewRecord

_FLUSH_SECONDS: Final = 2 * DELIVERY_SECONDS


@final
class KafkaPublisher:
    """Sends as `KafkaProducer` does, one call after the other."""

    def __init__(self, connection: KafkaConnection) -> None:
        """Nothing is opened before the first record.

        Args:
            connection: To the brokers.
        """
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "kafka-publish")
        self._producer: Producer | None = None
        self._troubles = Troubles()

    async def publish(self, topic: str, records: Sequence[NewRecord]) -> None:
        """Send all and wait until every one is acknowledged.

        Raises:
            DependencyDown: One was not acknowledged in time; it may still arrive, and so may the others.
            ConfigurationError: Kafka refuses the user or the protocol.
        """
        loop = asyncio.get_running_loop()
        with kafka_errors(self._connection, f"send to {topic}"):
            await loop.run_in_executor(self._thread, self._publish, topic, records)

    async def close(self) -> None:
        """Let go; what was sent has been waited for."""
        self._thread.shutdown(wait=False)
        self._producer = None

    def _publish(self, topic: str, records: Sequence[NewRecord]) -> None:
        if self._producer is None:
            self._producer = Producer(
                {
                    **producer_config(self._connection),
                    "delivery.report.only.error": True,
                    "error_cb": self._troubles.note,
                }
            )
        producer, failures = self._producer, list[KafkaError]()

        def failed(error: KafkaError | None, message: Message) -> None:
            del message
            if error is not None:
                failures.append(error)

        try:
            for key, value, headers in records:
                _produce(producer, topic, key, value, headers, failed)
        finally:
            # What is on its way is waited for, whatever became of the others.
            left = producer.flush(_FLUSH_SECONDS)
        if left:
            failures.append(KafkaError(KafkaError._MSG_TIMED_OUT))
        if failures:
            if left or failures[0].fatal():
                self._producer = None
            raise KafkaException(self._troubles.behind(failures[0]))


def _produce(
    producer: Producer,
    topic: str,
    key: bytes,
    value: bytes,
    headers: tuple[tuple[str, bytes], ...],
    failed: Callable[[KafkaError | None, Message], None],
) -> None:
    """Hand one over; where the queue is full, wait for room, which there is when records arrive or time out."""
    while True:
        try:
            producer.produce(topic, value=value, key=key, headers=list(headers), on_delivery=failed)
        except BufferError:
            producer.poll(FULL_QUEUE_SECONDS)
        else:
            return
