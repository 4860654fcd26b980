"""Writes of several callers in one transaction, so that they share the wait for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mastery_engine.adapters.sqlite.database import Database

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class GroupedWrites(Generic[_Item, _Result]):
    """Whoever comes while a transaction runs joins the next one; alone, nobody waits."""

    def __init__(
        self, database: Database, apply: Callable[[sqlite3.Connection, Sequence[_Item]], list[_Result]]
    ) -> None:
        """Prepare.

        Args:
            database: Open.
            apply: Writes items in one transaction and gives one result for each.
        """
        self._database = database
        self._apply = apply
        self._waiting: list[tuple[_Item, asyncio.Future[_Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, item: _Item) -> _Result:
        """Write the item, durably, before returning; it is written whole or not at all."""
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await self._withdraw(future)
            raise

    async def _withdraw(self, future: asyncio.Future[_Result]) -> None:
        """Take back an item whose transaction has not begun; else let it end."""
        waiting = len(self._waiting)
        self._waiting = [pair for pair in self._waiting if pair[1] is not future]
        if len(self._waiting) < waiting:
            return
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue
        if not future.cancelled():
            # Its caller has gone: an error that nobody asks for is no news.
            future.exception()

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            items = [item for item, _ in group]
            try:
                results = await self._database.write(
                    lambda connection, items=items: self._apply(connection, items)
                )
            except Exception as error:  # noqa: BLE001 - handed to every caller of the group
                for _, future in group:
                    future.set_exception(error)
                continue
            except BaseException:
                for _, future in (*group, *self._waiting):
                    future.cancel()
                raise
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)
