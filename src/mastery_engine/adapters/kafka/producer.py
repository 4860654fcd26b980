"""One idempotent producer of a process, for any topic."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.failures import kafka_errors, meaning
from mastery_engine.adapters.kafka.troubles import Troubles
from mastery_engine.ports import NewRecord, Position

DELIVERY_SECONDS: Final = 10.0
MOST_RECORD_BYTES: Final = 16 << 20
_LINGER_MS: Final = 5
_QUEUED_KBYTES: Final = 65_536
_POLL_SECONDS: Final = 0.1
FULL_QUEUE_SECONDS: Final = 0.005
_NOWHERE: Final = Position(-1, -1)


def producer_config(connection: KafkaConnection) -> dict[str, Any]:
    """Settings of every producer: idempotent, acknowledged by all replicas, with the partitioner of Java's clients."""
    return {
        **connection.config(),
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": _LINGER_MS,
        "message.max.bytes": MOST_RECORD_BYTES,
        "message.timeout.ms": round(DELIVERY_SECONDS * 1_000),
        "queue.buffering.max.kbytes": _QUEUED_KBYTES,
    }


@final
class _Batch:
    """Records sent together, and the one who waits for them."""

    def __init__(self, count: int) -> None:
        self.positions: list[Position] = [_NOWHERE] * count
        self.error: KafkaError | None = None
        self._left = count
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()

    def delivered(self, place: int, error: KafkaError | None, message: Message) -> None:
        """Called in the thread that polls the client, and in no other."""
        if error is None:
            self.positions[place] = Position(message.partition() or 0, message.offset() or 0)
        else:
            self.error = self.error or error
        self.ended(1)

    def ended(self, count: int) -> None:
        self._left -= count
        if self._left == 0:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


@final
class KafkaProducer:
    """Sends with `acks=all`, idempotently, by the partitioner of Java's clients (murmur2)."""

    def __init__(self, connection: KafkaConnection) -> None:
        """Nothing is opened before the first record.

        Args:
            connection: To the brokers.
        """
        self._connection = connection
        self._producer: Producer | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._troubles = Troubles()

    async def send(self, topic: str, records: Sequence[NewRecord]) -> list[Position]:
        """Send all and wait until every one is acknowledged.

        Returns:
            Where each lies, in the order of the records.

        Raises:
            DependencyDown: One was not acknowledged in time; it may still arrive, and so may the others.
            ConfigurationError: Kafka refuses the user or the protocol.
        """
        if not records:
            return []
        doing = f"send to {topic}"
        with kafka_errors(self._connection, doing):
            producer = self._opened()
            batch = _Batch(len(records))
            await asyncio.to_thread(self._enqueue, producer, topic, records, batch)
        await batch.done
        if batch.error is not None:
            if batch.error.fatal():
                self._drop()
            raise meaning(self._troubles.behind(batch.error), self._connection, doing)
        return batch.positions

    async def close(self) -> None:
        """Let go; what was sent has been waited for."""
        self._drop()

    def _opened(self) -> Producer:
        if self._producer is None:
            config = {**producer_config(self._connection), "error_cb": self._troubles.note}
            self._producer = Producer(config)
            self._closed = threading.Event()
            run = partial(_serve, self._producer, self._closed)
            self._thread = threading.Thread(target=run, name="kafka-acknowledgements", daemon=True)
            self._thread.start()
        return self._producer

    def _drop(self) -> None:
        self._closed.set()
        thread, self._thread, self._producer = self._thread, None, None
        if thread is not None:
            thread.join(2 * _POLL_SECONDS)

    @staticmethod
    def _enqueue(producer: Producer, topic: str, records: Sequence[NewRecord], batch: _Batch) -> None:
        """Hand all to the client; where its queue is full, wait for room."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        for place, (key, value, headers) in enumerate(records):
            while True:
                try:
                    producer.produce(
                        topic,
                        value=value,
                        key=key,
                        headers=list(headers),
                        on_delivery=partial(batch.delivered, place),
                    )
                except BufferError:
                    if time.monotonic() > deadline:
                        batch.error = KafkaError(KafkaError._MSG_TIMED_OUT)
                        batch.ended(len(records) - place)
                        return
                    time.sleep(FULL_QUEUE_SECONDS)
                except KafkaException as error:
                    batch.error = error.args[0]
                    batch.ended(len(records) - place)
                    return
                else:
                    break


def _serve(producer: Producer, closed: threading.Event) -> None:
    """Take acknowledgements, until nobody waits for them any more."""
    while not closed.is_set():
        producer.poll(_POLL_SECONDS)
