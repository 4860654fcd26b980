"""Writes of several callers in one transaction of a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from mastery_engine.adapters.shared.grouped import Grouped
from mastery_engine.adapters.sqlite.database import Database

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class GroupedWrites(Grouped[_Item, _Result]):
    """Whoever comes while a transaction runs joins the next one; alone, nobody waits."""

    def __init__(
        self, database: Database, apply: Callable[[sqlite3.Connection, Sequence[_Item]], list[_Result]]
    ) -> None:
        """Prepare.

        Args:
            database: Open.
            apply: Writes items in one transaction and gives one result for each.
        """

        async def write(items: Sequence[_Item]) -> list[_Result]:
            return await database.write(lambda connection: apply(connection, items))

        super().__init__(write, sees_through=True)
