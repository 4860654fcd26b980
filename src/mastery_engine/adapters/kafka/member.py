"""One client of librdkafka that reads one topic, from the day it was made: a member of a group, or a reader of a share."""

from __future__ import annotations

from typing import Any, Final, cast, final

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from mastery_engine.adapters.kafka.admin import ANSWER_SECONDS
from mastery_engine.adapters.kafka.bounded import bounded
from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.failures import COMING, in_a_moment
from mastery_engine.adapters.kafka.messages import is_unreadable, record_of, unreadable
from mastery_engine.ports import WHOLE, Record, Share

METADATA_MS: Final = 3_000
_QUEUED_KBYTES: Final = 32_768
_FETCH_WAIT_MS: Final = 50
_BACKOFF_MS: Final = 50
_MAX_POLL_MS: Final = 300_000
_CLASSIC_SESSION_MS: Final = 10_000
_PASSING: Final = frozenset(
    {
        KafkaError._PARTITION_EOF,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.UNKNOWN_TOPIC_ID,
    }
)
"""Errors among the messages that say nothing new: who reads asks for the topic, and is told what is wrong."""
_log: Final = structlog.get_logger(__name__)


@final
class Member:
    """Reads what it was given; its calls block, and come from one thread.

    Attributes:
        topic_id: Id that the topic had before the first fetch.
        failure: Why it is of no more use, None while it is.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        topic: str,
        topic_id: str,
        group: str,
        share: Share,
        partitions: int,
    ) -> None:
        """Begin to read.

        Args:
            connection: To the brokers.
            topic: Its name.
            topic_id: Its id, asked just now.
            group: Consumer group.
            share: The whole joins the group; a share is taken without joining.
            partitions: How many the topic has.
        """
        self.topic_id = topic_id
        self.failure: str | None = None
        self._topic = topic
        self._assigned: set[int] = set()
        # What was polled and is not committed, and what of it is to be told again.
        self._open: list[Record] = []
        self._again: list[Record] = []
        # By partition, the offset that is committed, or where reading has begun.
        self._behind: dict[int, int] = {}
        # What came with records, and is raised when they are told.
        self._error: KafkaError | None = None
        self._paused = False
        self._is_stuck = False
        self._consumer = Consumer(_config(connection, group, joins=share == WHOLE))
        if share == WHOLE:
            self._consumer.subscribe(
                [topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
            )
        else:
            mine = [number for number in range(partitions) if number % share.of == share.number]
            self._on_assign(self._consumer, [TopicPartition(topic, number) for number in mine])

    def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        """The next records of the partitions that are this member's at the end of the call.

        Raises:
            KafkaException: Reading failed.
        """
        if self._again:
            self._checked([message for message in [self._consumer.poll(0)] if message is not None])
            again, self._again = self._again[:limit], self._again[limit:]
            if again:
                return again
        self._raise_kept()
        self._resume()
        first = self._consumer.poll(wait_seconds)
        if self.failure is not None:
            raise KafkaException(KafkaError(KafkaError._FAIL, self.failure))
        if first is None:
            return []
        messages = [first, *self._consumer.consume(limit - 1, 0)] if limit > 1 else [first]
        records = self._checked(messages)
        self._open += records
        if not records:
            self._raise_kept()
        return records

    def rewind(self) -> None:
        """Tell again what is not committed; fetch nothing more meanwhile."""
        self._again = sorted(self._open, key=_place)
        if self._assigned and not self._paused:
            self._consumer.pause(self._partitions())
            self._paused = True

    def commit(self, offsets: list[TopicPartition]) -> None:
        """Commit, and forget what that covers.

        Raises:
            KafkaException: It was not done.
        """
        try:
            in_a_moment(lambda: bounded(ANSWER_SECONDS, lambda: _commit(self._consumer, offsets)), COMING)
        except KafkaException as error:
            if error.args[0].code() == KafkaError._TIMED_OUT:
                # The client waits for its coordinator longer than anybody wants to, and does nothing else meanwhile.
                self.failure, self._is_stuck = "a commit was not answered", True
            raise
        done = {place.partition: place.offset for place in offsets}
        self._behind.update(done)
        self._open = [one for one in self._open if one.offset >= done.get(one.partition, 0)]
        self._again = [one for one in self._again if one.offset >= done.get(one.partition, 0)]

    def close(self) -> None:
        """Leave; brokers that do not answer find out by themselves."""
        try:
            bounded(0.0 if self._is_stuck else ANSWER_SECONDS, self._consumer.close)
        except KafkaException as error:
            reason = self.failure or error.args[0].str()
            _log.warning("left the group without a word", topic=self._topic, reason=reason)

    def _checked(self, messages: list[Message]) -> list[Record]:
        """The records among the messages; an error beside them is kept, for those before it come no second time."""
        records: list[Record] = []
        for message in messages:
            error = message.error()
            if error is None:
                if message.partition() in self._assigned:
                    records.append(record_of(message))
            elif error.fatal():
                self.failure = error.name()
                raise KafkaException(error)
            elif is_unreadable(message):
                if message.partition() in self._assigned:
                    records.append(self._passed_over(message, records))
            elif error.code() not in _PASSING:
                self._error = error
        return records

    def _raise_kept(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise KafkaException(error)

    def _passed_over(self, message: Message, records: list[Record]) -> Record:
        """What stands for a record that cannot be read, behind those that came before it in this poll."""
        partition = message.partition()
        told = [one.offset + 1 for one in (*self._open, *records) if one.partition == partition]
        record = unreadable(message, max([self._behind.get(cast("int", partition), 0), *told]))
        self._consumer.seek(TopicPartition(self._topic, record.partition, record.offset + 1))
        return record

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if self._assigned:
                self._consumer.resume(self._partitions())

    def _partitions(self) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in sorted(self._assigned)]

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Read each from its committed offset, if that is of this topic, else from its start."""
        if not partitions:
            return
        try:
            found = in_a_moment(lambda: consumer.committed(partitions, ANSWER_SECONDS))
        except KafkaException as error:
            # Guessing would read all again; so this member gives up, and the next one asks again.
            self.failure = f"committed offsets cannot be read: {error.args[0].str()}"
            return
        for place in found:
            ours = place.error is None and place.offset >= 0 and place.metadata == self.topic_id
            start = TopicPartition(place.topic, place.partition, place.offset if ours else OFFSET_BEGINNING)
            self._behind[place.partition] = place.offset if ours else 0
            consumer.incremental_assign([start])
            self._assigned.add(place.partition)
            if self._paused:
                consumer.pause([TopicPartition(place.topic, place.partition)])

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Let go: what was polled of them is committed, or comes again to their next owner."""
        gone = {place.partition for place in partitions}
        self._assigned -= gone
        self._open = [one for one in self._open if one.partition not in gone]
        self._again = [one for one in self._again if one.partition not in gone]
        consumer.incremental_unassign(partitions)


def _commit(consumer: Consumer, offsets: list[TopicPartition]) -> None:
    for place in consumer.commit(offsets=offsets, asynchronous=False):
        if place.error is not None:
            raise KafkaException(place.error)


def _place(record: Record) -> tuple[int, int]:
    return record.partition, record.offset


def _config(connection: KafkaConnection, group: str, *, joins: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        **connection.config(),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "max.poll.interval.ms": _MAX_POLL_MS,
        "fetch.wait.max.ms": _FETCH_WAIT_MS,
        "fetch.error.backoff.ms": _BACKOFF_MS,
        "fetch.queue.backoff.ms": _BACKOFF_MS,
        "queued.max.messages.kbytes": _QUEUED_KBYTES,
    }
    if joins:
        told["group.protocol"] = connection.group_protocol
        if connection.group_protocol == "classic":
            told["partition.assignment.strategy"] = "cooperative-sticky"
            # With the new protocol the brokers decide, by group.consumer.session.timeout.ms.
            told["session.timeout.ms"] = _CLASSIC_SESSION_MS
    return told
