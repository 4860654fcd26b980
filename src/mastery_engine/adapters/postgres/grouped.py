"""Writes of several callers in one transaction, so that they share the wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Grouped(Generic[_Item]):
    """Whoever comes while a transaction runs joins the next one; alone, nobody waits."""

    def __init__(self, apply: Callable[[Sequence[_Item]], Awaitable[None]]) -> None:
        """Prepare.

        Args:
            apply: Writes items in one transaction, all or none.
        """
        self._apply = apply
        self._waiting: list[tuple[_Item, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, item: _Item) -> None:
        """Write the item, durably, before returning; a caller that goes takes back what has not begun."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            self._waiting = [pair for pair in self._waiting if pair[1] is not future]
            # Its caller has gone: an error that nobody asks for is no news.
            future.cancel()
            raise

    async def finish(self) -> None:
        """Let what has begun come to its end."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                await self._apply([item for item, _ in group])
            except Exception as error:  # noqa: BLE001 - handed to every caller of the group
                failure = error
            except BaseException:
                for _, future in (*group, *self._waiting):
                    future.cancel()
                raise
            for _, future in group:
                if future.done():
                    continue
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(failure)
