"""Questions about topics, asked in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar, cast, final

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._topic import TopicDescription

from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.failures import kafka_errors
from mastery_engine.adapters.kafka.troubles import Troubles

ANSWER_SECONDS: Final = 5.0
T = TypeVar("T")


@final
class KafkaAdmin:
    """One administrative client of a process.

    Attributes:
        connection: To the brokers.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        """Nothing is opened before the first question."""
        self.connection = connection
        self._client: AdminClient | None = None
        # Of two clients opened at once, the one that is lost would end the questions that it was asked.
        self._opening = threading.Lock()
        self._troubles = Troubles()
        self._thread = ThreadPoolExecutor(4, "kafka-admin")

    def client(self) -> AdminClient:
        """The client, opened."""
        with self._opening:
            if self._client is None:
                config: dict[str, Any] = {**self.connection.config(), "error_cb": self._troubles.note}
                self._client = AdminClient(config)
            return self._client

    def topic(self, name: str, seconds: float = ANSWER_SECONDS) -> tuple[str, int]:
        """Id and number of partitions of a topic. Blocks.

        Args:
            name: Of the topic.
            seconds: How long to wait for an answer.

        Raises:
            KafkaException: There is no such topic, or nobody answers.
        """
        wanted = TopicCollection([name])
        told = cast("Any", self.client()).describe_topics(wanted, request_timeout=seconds)
        described = cast("TopicDescription", _answer(told[name]))
        return str(cast("object", described.topic_id)), len(cast("list[object]", described.partitions))

    def offsets(self, topic: str, spec: OffsetSpec) -> dict[int, int]:
        """Offsets of all partitions by a rule; -1 where a time is behind the last record. Blocks.

        Raises:
            KafkaException: There is no such topic, or nobody answers.
        """
        _, partitions = self.topic(topic)
        wanted = {TopicPartition(topic, number): spec for number in range(partitions)}
        told = cast("Any", self.client()).list_offsets(wanted, request_timeout=ANSWER_SECONDS)
        return {place.partition: _answer(future).offset for place, future in told.items()}

    def delete_until(self, places: list[TopicPartition]) -> None:
        """Delete the records before these offsets. Blocks.

        Raises:
            KafkaException: There is no such topic, or nobody answers.
        """
        told = cast("Any", self.client()).delete_records(places, request_timeout=ANSWER_SECONDS)
        for future in told.values():
            _answer(future)

    async def ask(self, doing: str, question: Callable[[], T]) -> T:
        """Do something that blocks.

        Args:
            doing: What it is, for the message of an error.
            question: The call.

        Raises:
            DependencyDown: Nobody answers.
            ConfigurationError: Kafka refuses the user or the protocol.
        """
        with kafka_errors(self.connection, doing):
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, question)

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except KafkaException as error:
            if self._client is not None:
                cast("Any", self._client).poll(0)
            raise KafkaException(self._troubles.behind(error.args[0])) from None

    async def close(self) -> None:
        """Let go; idempotent."""
        self._thread.shutdown(wait=False)


def _answer(future: Future[Any]) -> Any:
    return future.result(2 * ANSWER_SECONDS)
