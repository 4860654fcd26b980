"""A consumer of one topic: a member of its group, or a reader of a share of the partitions.

What must hold, and how:

1. A record is never taken for one of another topic of the same name. The topic's id is asked before the client begins to fetch
   and after each poll that brought records; if it has changed, the client and all that it brought are thrown away.
2. Offsets are committed with the topic's id; those of another id, or of none, are read from the start.
3. A partition is let go in a poll only, when all that was polled before has been folded and committed.
4. Who was taken for dead finds so at the commit; its records come again to whoever has the partitions now.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar, final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from mastery_engine.adapters.kafka.admin import ANSWER_SECONDS, KafkaAdmin
from mastery_engine.adapters.kafka.bounded import bounded
from mastery_engine.adapters.kafka.failures import FENCED, in_a_moment, kafka_errors
from mastery_engine.adapters.kafka.member import Member
from mastery_engine.domain.errors import Conflict
from mastery_engine.ports import Record, Share

T = TypeVar("T")
_LOOK_AGAIN_SECONDS: Final = 1.0
_log: Final = structlog.get_logger(__name__)


@final
class KafkaLogConsumer:
    """Reads its partitions in offset order.

    Attributes:
        topic_id: Id of the topic that the records of the last poll come from.
    """

    def __init__(self, topic: str, group: str, share: Share, admin: KafkaAdmin) -> None:
        """Join with the first poll.

        Args:
            topic: Its name.
            group: Consumer group.
            share: The whole is shared with the other members of the group by Kafka; a share is read without being a member.
            admin: Of the process.
        """
        self.topic_id = ""
        self._topic = topic
        self._group = group
        self._share = share
        self._admin = admin
        self._thread = ThreadPoolExecutor(1, f"consume-{topic}")
        self._member: Member | None = None
        self._offsets: Consumer | None = None
        self._looked = float("-inf")
        self._partitions = 0
        self._closed = False

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        return await self._do(f"read {self._topic}", lambda: self._poll(limit, wait_seconds))

    async def commit(self, offsets: Mapping[int, int]) -> None:
        if offsets:
            await self._do(f"commit offsets of {self._topic}", lambda: self._commit(offsets))

    async def committed(self) -> dict[int, int]:
        return await self._do(f"read offsets of {self._topic}", self._committed)

    async def rewind(self) -> None:
        await self._do(f"read {self._topic} again", self._rewind)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, doing: str, job: Callable[[], T]) -> T:
        with kafka_errors(self._admin.connection, doing):
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _poll(self, limit: int, wait_seconds: float) -> list[Record]:
        deadline = time.monotonic() + wait_seconds
        while True:
            member = self._joined()
            records = member.poll(limit, max(0.0, deadline - time.monotonic()))
            if self._is_still(member, had_records=bool(records)):
                self.topic_id = member.topic_id
                return records
            _log.warning("the topic was made again", topic=self._topic)

    def _joined(self) -> Member:
        """The member of now; a new one where there is none, or the old one is of no more use."""
        if self._member is not None and self._member.failure is not None:
            failure = self._member.failure
            self._leave()
            _log.info("joins the group again", topic=self._topic, reason=failure)
        if self._member is None:
            topic_id, partitions = self._admin.topic(self._topic)
            self._partitions = partitions
            self._looked = time.monotonic()
            self._member = Member(
                self._admin.connection, self._topic, topic_id, self._group, self._share, partitions
            )
        return self._member

    def _is_still(self, member: Member, *, had_records: bool) -> bool:
        """Whether the topic is the one that the member reads; asked after records, and now and then without."""
        if not had_records and time.monotonic() < self._looked + _LOOK_AGAIN_SECONDS:
            return True
        try:
            topic_id, self._partitions = self._admin.topic(self._topic)
        except KafkaException:
            member.rewind()
            raise
        self._looked = time.monotonic()
        if topic_id == member.topic_id:
            return True
        self._leave()
        return False

    def _commit(self, offsets: Mapping[int, int]) -> None:
        topic_id = self.topic_id or self._admin.topic(self._topic)[0]
        wanted = [
            TopicPartition(self._topic, partition, offset, topic_id) for partition, offset in offsets.items()
        ]
        member = self._member
        if member is None:
            self._commit_alone(wanted)
            return
        try:
            member.commit(wanted)
        except KafkaException as error:
            failure: KafkaError = error.args[0]
            if failure.code() not in FENCED:
                raise
            # Others have the partitions, or the topic is another: the records come again, and count once all the same.
            _log.info("offsets not committed", topic=self._topic, reason=failure.name())
            member.failure = failure.name()

    def _commit_alone(self, wanted: list[TopicPartition]) -> None:
        """Without a member, as when nothing was polled yet."""
        reader = self._reader()
        try:
            in_a_moment(
                lambda: bounded(ANSWER_SECONDS, lambda: reader.commit(offsets=wanted, asynchronous=False))
            )
        except KafkaException as error:
            # It may still wait for an answer, and can be asked nothing until it has one.
            self._offsets = None
            if error.args[0].code() in FENCED:
                raise Conflict(
                    f"the consumer group {self._group} is at work, and takes offsets from nobody else; end its members first"
                ) from None
            raise

    def _committed(self) -> dict[int, int]:
        topic_id, partitions = self._admin.topic(self._topic)
        wanted = [TopicPartition(self._topic, number) for number in range(partitions)]
        found = in_a_moment(lambda: self._reader().committed(wanted, ANSWER_SECONDS))
        return {
            place.partition: place.offset
            for place in found
            if place.error is None and place.offset >= 0 and place.metadata == topic_id
        }

    def _rewind(self) -> None:
        if self._member is not None and self._member.failure is None:
            self._member.rewind()

    def _reader(self) -> Consumer:
        """A client that asks for the group's offsets and is no member."""
        if self._offsets is None:
            config = {**self._admin.connection.config(), "group.id": self._group, "enable.auto.commit": False}
            self._offsets = Consumer(config)
        return self._offsets

    def _leave(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            member.close()

    def _close(self) -> None:
        self._leave()
        if self._offsets is not None:
            offsets = self._offsets
            with suppress(KafkaException):
                # It is no member: nobody waits for it to leave.
                bounded(ANSWER_SECONDS, offsets.close)
