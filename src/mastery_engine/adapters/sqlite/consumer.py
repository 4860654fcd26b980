"""A consumer of one topic of the embedded log."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.log_rows import read_partition, topic_id_of
from mastery_engine.ports import Clock, Record, Share

_FIRST_WAIT_SECONDS: Final = 0.005
_LONGEST_WAIT_SECONDS: Final = 0.04


class _Taken(NamedTuple):
    topic_id: str
    next: dict[int, int]
    records: list[Record]


class SqliteLogConsumer(Lease):
    """Reads its partitions, one after the other in turn; starts over when the topic was made again.

    One partition at a time, because a batch of one holds more events of each student.

    Attributes:
        topic_id: Id of the topic that the records of the last poll come from.
    """

    def __init__(self, database: Database, clock: Clock, topic_no: int, group: str, share: Share) -> None:
        """Join the group; reading starts with the first poll.

        Args:
            database: Open.
            clock: For waiting.
            topic_no: Number of the topic.
            group: Whose commits it goes on from.
            share: Which partitions it reads.
        """
        super().__init__(database)
        self._clock = clock
        self._topic_no = topic_no
        self._group = group
        self._share = share
        self.topic_id = ""
        # None: from the committed offsets on.
        self._next: dict[int, int] | None = None
        self._turn = 0

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        deadline = self._clock.monotonic() + wait_seconds
        pause = _FIRST_WAIT_SECONDS
        while True:
            taken = await self._database.read(lambda connection: self._take(connection, limit))
            self.topic_id, self._next = taken.topic_id, taken.next
            left = deadline - self._clock.monotonic()
            if taken.records or left <= 0:
                self._turn += 1
                return taken.records
            # Other processes append too, and nobody tells: so look again, less and less often.
            await self._clock.sleep(min(left, pause))
            pause = min(2 * pause, _LONGEST_WAIT_SECONDS)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        def job(connection: sqlite3.Connection) -> None:
            topic_id = self.topic_id or topic_id_of(connection, self._topic_no)
            connection.executemany(
                "INSERT OR REPLACE INTO commits (consumer_group, topic_no, partition, topic_id, next) "
                "VALUES (?, ?, ?, ?, ?)",
                [
                    (self._group, self._topic_no, partition, topic_id, following)
                    for partition, following in offsets.items()
                ],
            )

        await self._database.write(job)

    async def committed(self) -> dict[int, int]:
        return await self._database.read(
            lambda connection: self._committed(connection, topic_id_of(connection, self._topic_no))
        )

    async def rewind(self) -> None:
        self._next = None

    def _committed(self, connection: sqlite3.Connection, topic_id: str) -> dict[int, int]:
        rows = connection.execute(
            "SELECT partition, next FROM commits WHERE consumer_group = ? AND topic_no = ? AND topic_id = ? "
            "ORDER BY partition",
            (self._group, self._topic_no, topic_id),
        )
        return dict(rows.fetchall())

    def _take(self, connection: sqlite3.Connection, limit: int) -> _Taken:
        topic_id = topic_id_of(connection, self._topic_no)
        if self._next is None or topic_id != self.topic_id:
            following = self._committed(connection, topic_id)
        else:
            following = dict(self._next)
        heads: list[tuple[int, int]] = connection.execute(
            "SELECT partition, next FROM heads WHERE topic_no = ? AND partition % ? = ? ORDER BY partition",
            (self._topic_no, self._share.of, self._share.number),
        ).fetchall()
        taken: list[Record] = []
        for step in range(len(heads)):
            partition, end = heads[(self._turn + step) % len(heads)]
            start = following.get(partition, 0)
            if start < end and len(taken) < limit:
                records = read_partition(connection, self._topic_no, partition, start, limit - len(taken))
                following[partition] = records[-1].offset + 1 if records else end
                taken += records
        return _Taken(topic_id, following, taken)
