"""Many rows in few statements: Python's lock is free while SQLite works, so that others work meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, TypeVar

Row = tuple[Any, ...]
_Key = TypeVar("_Key", str, bytes)
_ROWS: Final = 1_000
_WIDTHS: Final = (256, 16, 1)


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Row], conflict: str = "") -> int:
    """Insert rows, 1,000 a statement; returns how many were.

    Args:
        connection: In a transaction.
        into: Start of the statement, e.g. `INSERT INTO t (a, b)`.
        rows: As wide as the columns named.
        conflict: End of the statement, e.g. `ON CONFLICT DO NOTHING`.
    """
    if not rows:
        return 0
    before = connection.total_changes
    one = f"({','.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % _ROWS
    if whole:
        statement = f"{into} VALUES {','.join([one] * _ROWS)} {conflict}"
        for start in range(0, whole, _ROWS):
            connection.execute(statement, list(chain.from_iterable(rows[start : start + _ROWS])))
    connection.executemany(f"{into} VALUES {one} {conflict}", rows[whole:])
    return connection.total_changes - before


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
