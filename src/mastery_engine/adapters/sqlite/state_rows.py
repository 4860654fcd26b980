"""Tables of the state store and how an entry lies in them.

A key that ends in a UUID lies in a table of its own, in the order of arrival, with a small index: random
keys among the others would touch, and write, nearly every page of their tree with every batch. Where a key
belongs follows from the table of prefixes alone: one whose prefix has no number, because all were taken when
it was first written, is a key like any other, for good.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from mastery_engine.adapters.sqlite.rows import Row, insert, select_in
from mastery_engine.adapters.sqlite.schema import Schema
from mastery_engine.adapters.sqlite.uuids import split, unpacked

STATE_SCHEMA: Final = Schema(
    steps=(
        (
            # The value lies in the key's own tree: one place to change a write.
            """CREATE TABLE entries (
                key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires_ms INTEGER
            ) WITHOUT ROWID""",
            # Never deleted: where a key belongs must not change.
            "CREATE TABLE uuid_prefixes (no INTEGER PRIMARY KEY, prefix TEXT NOT NULL UNIQUE)",
            """CREATE TABLE uuid_entries (
                place INTEGER PRIMARY KEY,
                prefix_no INTEGER NOT NULL REFERENCES uuid_prefixes, id BLOB NOT NULL,
                value BLOB NOT NULL, version INTEGER NOT NULL, expires_ms INTEGER
            )""",
            "CREATE UNIQUE INDEX uuid_entries_by_id ON uuid_entries (id, prefix_no)",
            "CREATE TABLE versions (last INTEGER NOT NULL)",
            "INSERT INTO versions VALUES (0)",
        ),
    ),
)
MOST_PREFIXES: Final = 1_024
"""How many prefixes get a number: enough for many tenants' kinds of keys, few enough to hold in memory."""

_ENTRIES: Final = "SELECT key, value, version, expires_ms FROM entries WHERE key IN"
_VERSIONS: Final = "SELECT key, version, expires_ms FROM entries WHERE key IN"
_UUID_ENTRIES: Final = "SELECT id, value, version, expires_ms FROM uuid_entries WHERE prefix_no = ? AND id IN"
_UUID_VERSIONS: Final = "SELECT id, version, expires_ms FROM uuid_entries WHERE prefix_no = ? AND id IN"
_NUMBERS: Final = "SELECT prefix, no FROM uuid_prefixes WHERE prefix IN"
_PUT: Final = "INSERT OR REPLACE INTO entries (key, value, version, expires_ms)"
_PUT_UUIDS: Final = "INSERT INTO uuid_entries (id, prefix_no, value, version, expires_ms)"
# An entry keeps its place, or a scan would meet again and again what is written meanwhile.
_OVER_UUIDS: Final = (
    "ON CONFLICT (id, prefix_no) DO UPDATE SET "
    "value = excluded.value, version = excluded.version, expires_ms = excluded.expires_ms"
)


class StateRows:
    """Reads, puts and removes entries of either table, in a transaction of the caller's."""

    def __init__(self) -> None:
        """Know no prefix yet."""
        # Committed ones only: a transaction that numbers a prefix may yet be rolled back.
        self._known: dict[str, int] = {}

    def select(self, connection: sqlite3.Connection, keys: Iterable[str]) -> list[Row]:
        """Key, value, version and expiry of the keys that are there, in no order."""
        return self._select(connection, keys, _ENTRIES, _UUID_ENTRIES)

    def select_versions(self, connection: sqlite3.Connection, keys: Iterable[str]) -> list[Row]:
        """Key, version and expiry of the keys that are there, in no order."""
        return self._select(connection, keys, _VERSIONS, _UUID_VERSIONS)

    def put(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Write rows (key, value, version, expiry); of rows with one key the last one stays.

        In the order of the keys every page is visited once.
        """
        plain: list[Row] = []
        ending: list[tuple[str, bytes, Row]] = []
        for row in rows:
            key: str = row[0]
            # Nearly every other key fails `split` here already, without the call.
            if key[-13:-12] != "-" or (parts := split(key)) is None:
                plain.append(row)
            else:
                ending.append((*parts, row))
        if ending:
            numbers = self._numbered(connection, {prefix for prefix, _, _ in ending})
            uuids: list[Row] = []
            for prefix, uuid, row in ending:
                number = numbers.get(prefix)
                if number is None:
                    plain.append(row)
                else:
                    uuids.append((uuid, number, *row[1:]))
            uuids.sort(key=itemgetter(0))
            insert(connection, _PUT_UUIDS, uuids, _OVER_UUIDS)
        plain.sort(key=itemgetter(0))
        insert(connection, _PUT, plain)

    def delete(self, connection: sqlite3.Connection, keys: Iterable[str]) -> None:
        """Remove keys, whether they are there or not; before `put`, if in one transaction."""
        plain, uuids = self._parted(connection, keys)
        connection.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in plain])
        for (_, number), ids in uuids.items():
            connection.executemany(
                "DELETE FROM uuid_entries WHERE id = ? AND prefix_no = ?", [(uuid, number) for uuid in ids]
            )

    def _select(
        self, connection: sqlite3.Connection, keys: Iterable[str], select: str, select_uuids: str
    ) -> list[Row]:
        plain, uuids = self._parted(connection, keys)
        found = select_in(connection, select, plain)
        for (prefix, number), ids in uuids.items():
            rows = select_in(connection, select_uuids, ids, number)
            found += [(prefix + unpacked(row[0]), *row[1:]) for row in rows]
        return found

    def _parted(
        self, connection: sqlite3.Connection, keys: Iterable[str]
    ) -> tuple[list[str], dict[tuple[str, int], list[bytes]]]:
        """Keys of the one table, and UUIDs of the other by prefix and its number."""
        plain: list[str] = []
        by_prefix: dict[str, list[tuple[bytes, str]]] = {}
        for key in keys:
            parts = split(key)
            if parts is None:
                plain.append(key)
            else:
                by_prefix.setdefault(parts[0], []).append((parts[1], key))
        numbers = self._found(connection, by_prefix)
        uuids: dict[tuple[str, int], list[bytes]] = {}
        for prefix, pairs in by_prefix.items():
            number = numbers.get(prefix)
            if number is None:
                plain += [key for _, key in pairs]
            else:
                uuids[prefix, number] = [uuid for uuid, _ in pairs]
        return plain, uuids

    def _found(self, connection: sqlite3.Connection, prefixes: Iterable[str]) -> dict[str, int]:
        """Numbers of those that have one; called before a transaction numbers any."""
        missing = [prefix for prefix in prefixes if prefix not in self._known]
        if missing:
            self._known.update(select_in(connection, _NUMBERS, missing))
        return self._known

    def _numbered(self, connection: sqlite3.Connection, prefixes: set[str]) -> dict[str, int]:
        """Numbers of the prefixes, given to new ones while there are any left."""
        found = self._found(connection, prefixes)
        new = sorted(prefixes - found.keys())
        if not new:
            return found
        ((count,),) = connection.execute("SELECT count(*) FROM uuid_prefixes").fetchall()
        new = new[: max(0, MOST_PREFIXES - count)]
        insert(connection, "INSERT INTO uuid_prefixes (prefix)", [(prefix,) for prefix in new])
        return {**found, **dict(select_in(connection, _NUMBERS, new))}
