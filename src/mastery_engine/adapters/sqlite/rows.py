"""Many rows in few statements: Python's lock is free while SQLite works, so that others work meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, TypeVar

Row = tuple[Any, ...]
_Key = TypeVar("_Key", str, bytes)
_HEIGHTS: Final = (1_000, 100, 10, 1)
_ONLY_BYTES: Final = {bytes}
_WIDTHS: Final = (256, 16, 1)


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Row], conflict: str = "") -> int:
    """Insert rows, up to 1,000 a statement; returns how many were.

    `sqlite3` looks long for an adapter of each None and each `bytes`, a tenth of the whole import: so a column without
    any value is NULL in the statement itself, and bytes go as `bytearray`, which is bound as it is.

    Args:
        connection: In a transaction.
        into: Start of the statement, e.g. `INSERT INTO t (a, b)`.
        rows: As wide as the columns named.
        conflict: End of the statement, e.g. `ON CONFLICT DO NOTHING`.
    """
    if not rows:
        return 0
    before = connection.total_changes
    start = 0
    for height in _HEIGHTS:
        while len(rows) - start >= height:
            _insert(connection, into, rows[start : start + height], conflict)
            start += height
    return connection.total_changes - before


def _insert(connection: sqlite3.Connection, into: str, rows: Sequence[Row], conflict: str) -> None:
    columns = list(zip(*rows, strict=True))
    empty = [column.count(None) == len(rows) for column in columns]
    one = f"({','.join('NULL' if without else '?' for without in empty)})"
    cells = [_bound(column) for column, without in zip(columns, empty, strict=True) if not without]
    values = list(chain.from_iterable(zip(*cells, strict=True)))
    connection.execute(f"{into} VALUES {','.join([one] * len(rows))} {conflict}", values)


def _bound(column: tuple[Any, ...]) -> Sequence[Any]:
    return list(map(bytearray, column)) if set(map(type, column)) == _ONLY_BYTES else column


def select_in(connection: sqlite3.Connection, select: str, keys: Sequence[_Key], *before: int) -> list[Row]:
    """Rows of `select` (which ends in `IN`) for many keys, 256 a statement, in no order.

    `before` are the values of the places before `IN`.

    Lists come in three lengths, filled up by repeating a key, so that few statements are prepared.
    """
    found: list[Row] = []
    # In order each page is read once: three times as fast where the file is larger than the cache.
    keys = sorted(set(keys))
    start = 0
    for width in _WIDTHS:
        statement = f"{select} ({','.join('?' * width)})"
        while len(keys) - start > width // 2:
            part = keys[start : start + width]
            part += part[-1:] * (width - len(part))
            found += connection.execute(statement, [*before, *part]).fetchall()
            start += width
    return found
