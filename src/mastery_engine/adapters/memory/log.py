"""A topic in lists, and where its messages for others end up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final
from uuid import uuid4
from zlib import crc32

from mastery_engine.ports import WHOLE, Clock, NewRecord, OutputMessage, Position, Record, Share

_LOOK_AGAIN_SECONDS: Final = 0.005
_offset = attrgetter("offset")


class MemoryEventLog:
    """A topic in partitions; a record's partition is CRC-32 of its key modulo their number.

    Attributes:
        topic: Name of the topic.
    """

    def __init__(
        self,
        clock: Clock,
        topic: str = "mastery.requests",
        partitions: int = 6,
        topic_id: str | None = None,
    ) -> None:
        """Make an empty topic.

        Args:
            clock: Stamps the records as they enter.
            topic: Its name.
            partitions: Number of partitions, at least 1.
            topic_id: The topic's own id; a new UUID by default.
        """
        self.topic = topic
        self._clock = clock
        self._topic_id = topic_id or str(uuid4())
        self._partitions: list[list[Record]] = [[] for _ in range(partitions)]
        self._next = [0] * partitions
        self._commits: dict[tuple[str, int], tuple[str, int]] = {}

    async def topic_id(self) -> str:
        return self._topic_id

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        now = self._clock.now_ms()
        positions: list[Position] = []
        for key, value, headers in records:
            partition = crc32(key) % len(self._partitions)
            offset = self._next[partition]
            self._partitions[partition].append(Record(partition, offset, now, key, value, headers))
            self._next[partition] = offset + 1
            positions.append(Position(partition, offset))
        return positions

    async def ends(self) -> dict[int, int]:
        return dict(enumerate(self._next))

    async def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        records = self._partitions[partition]
        start = bisect_left(records, offset, key=_offset)
        return records[start : start + limit]

    def consumer(self, group: str, share: Share = WHOLE) -> MemoryLogConsumer:
        return MemoryLogConsumer(self, group, self._clock, share)

    async def trim(self, before_ms: int) -> int:
        dropped = 0
        for number, records in enumerate(self._partitions):
            kept = [record for record in records if record.appended_ms >= before_ms]
            dropped += len(records) - len(kept)
            self._partitions[number] = kept
        return dropped

    async def scrub(self, belongs: Callable[[Record], bool], blank: bytes | None) -> int:
        """See `ErasableLog`."""
        scrubbed = 0
        for number, records in enumerate(self._partitions):
            kept: list[Record] = []
            for record in records:
                if not belongs(record):
                    kept.append(record)
                    continue
                scrubbed += 1
                if blank is not None:
                    kept.append(Record(record.partition, record.offset, record.appended_ms, b"", blank, ()))
            self._partitions[number] = kept
        return scrubbed

    async def recreate(self, topic_id: str | None = None) -> None:
        """Delete the topic and make it again: no records, offsets from 0, another id; commits are kept."""
        self._topic_id = topic_id or str(uuid4())
        self._partitions = [[] for _ in self._partitions]
        self._next = [0] * len(self._next)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    def commit(self, group: str, topic_id: str, offsets: Mapping[int, int]) -> None:
        """Note a group's offsets, with the id of the topic that they are of."""
        for partition, offset in offsets.items():
            self._commits[group, partition] = (topic_id, offset)

    def committed(self, group: str) -> dict[int, int]:
        """A group's offsets in the topic as it is now."""
        return {
            partition: offset
            for (name, partition), (topic_id, offset) in sorted(self._commits.items())
            if name == group and topic_id == self._topic_id
        }


class MemoryLogConsumer:
    """Reads its partitions, one after the other in turn; starts over when the topic was made again.

    Attributes:
        topic_id: Id of the topic that the records of the last poll come from.
    """

    def __init__(self, log: MemoryEventLog, group: str, clock: Clock, share: Share = WHOLE) -> None:
        """Join the group; reading starts with the first poll."""
        self._log = log
        self._group = group
        self._clock = clock
        self._share = share
        self.topic_id = ""
        # None: from the committed offsets on.
        self._next: dict[int, int] | None = None
        self._turn = 0

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        deadline = self._clock.monotonic() + wait_seconds
        while True:
            records = await self._take(limit)
            left = deadline - self._clock.monotonic()
            if records or left <= 0:
                return records
            await self._clock.sleep(min(left, _LOOK_AGAIN_SECONDS))

    async def commit(self, offsets: Mapping[int, int]) -> None:
        self._log.commit(self._group, self.topic_id or await self._log.topic_id(), offsets)

    async def committed(self) -> dict[int, int]:
        return self._log.committed(self._group)

    async def rewind(self) -> None:
        self._next = None

    async def close(self) -> None:
        return

    async def _take(self, limit: int) -> list[Record]:
        topic_id = await self._log.topic_id()
        if self._next is None or topic_id != self.topic_id:
            self.topic_id = topic_id
            self._next = self._log.committed(self._group)
        following = self._next
        ends = await self._log.ends()
        mine = [partition for partition in ends if partition % self._share.of == self._share.number]
        taken: list[Record] = []
        for step in range(len(mine)):
            partition = mine[(self._turn + step) % len(mine)]
            start = following.get(partition, 0)
            if start < ends[partition] and len(taken) < limit:
                records = await self._log.read(partition, start, limit - len(taken))
                following[partition] = records[-1].offset + 1 if records else ends[partition]
                taken += records
        self._turn += 1
        return taken


class MemoryResults:
    """Keeps what was sent, in order.

    Attributes:
        messages: All of it, repeats included.
        topic: Its name.
    """

    topic = "mastery.results"

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.messages: list[OutputMessage] = []

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        self.messages.extend(messages)

    async def scrub(self, belongs: Callable[[Record], bool], blank: bytes | None) -> int:
        """See `ErasableLog`; nothing is ever left in a message's place."""
        del blank
        kept = [one for one in self.messages if not belongs(Record(0, 0, 0, one.key, one.value, one.headers))]
        scrubbed = len(self.messages) - len(kept)
        self.messages[:] = kept
        return scrubbed
