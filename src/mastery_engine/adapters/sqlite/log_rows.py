"""Tables of the embedded log and how a record lies in them.

A record's place is one integer, `(topic_no * 1024 + partition) << 40 | offset`: records of a partition lie
together in offset order, and the tree needs no other index.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from mastery_engine.adapters.sqlite.schema import Schema
from mastery_engine.ports import Record

LOG_SCHEMA: Final = Schema(
    steps=(
        (
            """CREATE TABLE topics (
                topic_no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, topic_id TEXT NOT NULL,
                partitions INTEGER NOT NULL CHECK (partitions BETWEEN 1 AND 1024)
            )""",
            # Apart from the records, so that no offset comes again after they were trimmed.
            """CREATE TABLE heads (
                topic_no INTEGER NOT NULL REFERENCES topics, partition INTEGER NOT NULL,
                next INTEGER NOT NULL, PRIMARY KEY (topic_no, partition)
            ) WITHOUT ROWID""",
            """CREATE TABLE records (
                place INTEGER PRIMARY KEY, appended_ms INTEGER NOT NULL,
                key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB
            )""",
            """CREATE TABLE commits (
                consumer_group TEXT NOT NULL, topic_no INTEGER NOT NULL REFERENCES topics,
                partition INTEGER NOT NULL, topic_id TEXT NOT NULL, next INTEGER NOT NULL,
                PRIMARY KEY (consumer_group, topic_no, partition)
            ) WITHOUT ROWID""",
        ),
    ),
    page_size=16_384,
)
_PARTITIONS: Final = 1_024
_OFFSET_BITS: Final = 40
_OFFSET_MASK: Final = (1 << _OFFSET_BITS) - 1
_HEADERS: Final = msgspec.msgpack.Decoder(tuple[tuple[str, bytes], ...])


def first_place(topic_no: int, partition: int) -> int:
    """Place of a partition's offset 0."""
    return (topic_no * _PARTITIONS + partition) << _OFFSET_BITS


def topic_id_of(connection: sqlite3.Connection, topic_no: int) -> str:
    """The topic's id as it is now."""
    (topic_id,) = connection.execute("SELECT topic_id FROM topics WHERE topic_no = ?", (topic_no,)).fetchone()
    return str(topic_id)


def read_partition(
    connection: sqlite3.Connection, topic_no: int, partition: int, offset: int, limit: int
) -> list[Record]:
    """Records of a partition from an offset on."""
    start = first_place(topic_no, partition)
    rows = connection.execute(
        "SELECT place, appended_ms, key, value, headers FROM records WHERE place >= ? AND place < ? "
        "ORDER BY place LIMIT ?",
        (start + offset, first_place(topic_no, partition + 1), limit),
    )
    decode = _HEADERS.decode
    return [
        Record(partition, place & _OFFSET_MASK, appended, key, value, decode(headers) if headers else ())
        for place, appended, key, value, headers in rows
    ]
