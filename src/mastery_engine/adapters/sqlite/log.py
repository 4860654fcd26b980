"""Topics of the embedded log, and the results topic in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4
from zlib import crc32

import msgspec

from mastery_engine.adapters.sqlite.consumer import SqliteLogConsumer
from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.grouped import GroupedWrites
from mastery_engine.adapters.sqlite.log_rows import first_place, read_partition, topic_id_of
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import WHOLE, Clock, NewRecord, OutputMessage, Position, Record, Share

_INSERT: Final = "INSERT INTO records (place, appended_ms, key, value, headers)"
_TRIM_BATCH: Final = 5_000
_SCRUB_BATCH: Final = 1_000


class SqliteEventLog(Lease):
    """A topic of the embedded log. A record's partition is CRC-32 of its key modulo their number.

    Attributes:
        topic: Its name.
    """

    def __init__(self, database: Database, clock: Clock, topic: str, topic_no: int, partitions: int) -> None:
        """Use `open`, which makes the topic if it is not there."""
        super().__init__(database)
        self.topic = topic
        self._clock = clock
        self._topic_no = topic_no
        self._count = partitions
        self._appends = GroupedWrites(database, self._append)

    @classmethod
    async def open(
        cls, database: Database, clock: Clock, topic: str = "mastery.requests", partitions: int = 6
    ) -> SqliteEventLog:
        """Open a topic of a database with `LOG_SCHEMA`; make it if it is not there.

        Args:
            database: Open.
            clock: Stamps the records as they enter.
            topic: Its name.
            partitions: How many it has.

        Raises:
            ConfigurationError: The topic is there with another number of partitions.
        """
        topic_no, there = await database.write(lambda connection: _ensure(connection, topic, partitions))
        if there != partitions:
            raise ConfigurationError(
                f"topic {topic} in {database.path} has {there} partitions, not {partitions}; records would "
                "change their partition: keep the number that it was made with"
            )
        return cls(database, clock, topic, topic_no, partitions)

    async def topic_id(self) -> str:
        return await self._database.read(lambda connection: topic_id_of(connection, self._topic_no))

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        return await self._appends.write(records) if records else []

    async def ends(self) -> dict[int, int]:
        return await self._database.read(self._heads)

    async def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        return await self._database.read(
            lambda connection: read_partition(connection, self._topic_no, partition, offset, limit)
        )

    def consumer(self, group: str, share: Share = WHOLE) -> SqliteLogConsumer:
        return SqliteLogConsumer(self._database, self._clock, self._topic_no, group, share)

    async def trim(self, before_ms: int) -> int:
        dropped = 0
        for partition in range(self._count):
            start: int | None = first_place(self._topic_no, partition)
            while start is not None:
                start, part = await self._database.write(
                    lambda connection, start=start, partition=partition: self._trim(
                        connection, start, partition, before_ms
                    )
                )
                dropped += part
        return dropped

    async def scrub(self, belongs: Callable[[Record], bool], blank: bytes | None) -> int:
        """See `ErasableLog`; a short transaction for a thousand records looked at."""
        scrubbed = 0
        for partition in range(self._count):
            offset = 0
            while records := await self.read(partition, offset, _SCRUB_BATCH):
                offset = records[-1].offset + 1
                base = first_place(self._topic_no, partition)
                places = [base + record.offset for record in records if belongs(record)]
                if places:
                    await self._database.write(
                        lambda connection, places=places: _scrub(connection, places, blank)
                    )
                    scrubbed += len(places)
        return scrubbed

    async def recreate(self, topic_id: str | None = None) -> None:
        """Delete the topic and make it again: no records, offsets from 0, another id; commits are kept."""
        new = topic_id or str(uuid4())

        def job(connection: sqlite3.Connection) -> None:
            ends = (first_place(self._topic_no, 0), first_place(self._topic_no + 1, 0))
            connection.execute("DELETE FROM records WHERE place >= ? AND place < ?", ends)
            connection.execute("UPDATE heads SET next = 0 WHERE topic_no = ?", (self._topic_no,))
            connection.execute("UPDATE topics SET topic_id = ? WHERE topic_no = ?", (new, self._topic_no))

        await self._database.write(job)

    def _heads(self, connection: sqlite3.Connection) -> dict[int, int]:
        select = "SELECT partition, next FROM heads WHERE topic_no = ? ORDER BY partition"
        return dict(connection.execute(select, (self._topic_no,)).fetchall())

    def _append(
        self, connection: sqlite3.Connection, groups: Sequence[Sequence[NewRecord]]
    ) -> list[list[Position]]:
        heads = self._heads(connection)
        bases = {partition: first_place(self._topic_no, partition) for partition in heads}
        now = self._clock.now_ms()
        count = self._count
        encode = msgspec.msgpack.encode
        rows: list[Row] = []
        told: list[list[Position]] = []
        for records in groups:
            positions: list[Position] = []
            for key, value, headers in records:
                partition = crc32(key) % count
                offset = heads[partition]
                heads[partition] = offset + 1
                rows.append(
                    (bases[partition] + offset, now, key, value, encode(headers) if headers else None)
                )
                positions.append(Position(partition, offset))
            told.append(positions)
        rows.sort(key=_place)
        insert(connection, _INSERT, rows)
        connection.executemany(
            "UPDATE heads SET next = ? WHERE topic_no = ? AND partition = ?",
            [(end, self._topic_no, partition) for partition, end in heads.items()],
        )
        return told

    def _trim(
        self, connection: sqlite3.Connection, start: int, partition: int, before_ms: int
    ) -> tuple[int | None, int]:
        end = first_place(self._topic_no, partition + 1)
        rows = connection.execute(
            "SELECT place, appended_ms FROM records WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
            (start, end, _TRIM_BATCH),
        ).fetchall()
        old = [(place,) for place, appended in rows if appended < before_ms]
        connection.executemany("DELETE FROM records WHERE place = ?", old)
        return (rows[-1][0] + 1 if len(rows) == _TRIM_BATCH else None), len(old)


class SqliteResults:
    """Outputs as records of a topic of the embedded log, with the headers `event_id` and `event_type`."""

    def __init__(self, log: SqliteEventLog) -> None:
        """Publish into a topic.

        Args:
            log: The results topic; it is closed by whoever opened it.
        """
        self._log = log

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        await self._log.append([NewRecord(one.key, one.value, one.headers) for one in messages])


def _scrub(connection: sqlite3.Connection, places: Sequence[int], blank: bytes | None) -> None:
    if blank is None:
        connection.executemany("DELETE FROM records WHERE place = ?", [(place,) for place in places])
    else:
        connection.executemany(
            "UPDATE records SET key = x'', value = ?, headers = NULL WHERE place = ?",
            [(blank, place) for place in places],
        )


def _place(row: Row) -> int:
    return row[0]


def _ensure(connection: sqlite3.Connection, topic: str, partitions: int) -> tuple[int, int]:
    connection.execute(
        "INSERT INTO topics (name, topic_id, partitions) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (topic, str(uuid4()), partitions),
    )
    select = "SELECT topic_no, partitions FROM topics WHERE name = ?"
    topic_no, there = connection.execute(select, (topic,)).fetchone()
    insert(
        connection,
        "INSERT INTO heads (topic_no, partition, next)",
        [(topic_no, partition, 0) for partition in range(there)],
        "ON CONFLICT DO NOTHING",
    )
    return topic_no, there
