"""Writes of several callers in one transaction, so that they share the wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Grouped(Generic[_Item, _Result]):
    """Whoever comes while a transaction runs joins the next one; alone, nobody waits."""

    def __init__(
        self, apply: Callable[[Sequence[_Item]], Awaitable[Sequence[_Result]]], *, sees_through: bool
    ) -> None:
        """Prepare.

        Args:
            apply: Writes items in one transaction, all or none, and gives one result for each.
            sees_through: Whether a caller that is cancelled waits until what has begun has ended, as is right for a file that
                is soon closed; else it goes at once, as is right for a server that may be silent.
        """
        self._apply = apply
        self._sees_through = sees_through
        self._waiting: list[tuple[_Item, asyncio.Future[_Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, item: _Item) -> _Result:
        """Write the item, durably, before returning; a caller that is cancelled takes back what has not begun."""
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await self._withdraw(future)
            raise

    async def finish(self) -> None:
        """Let what has begun come to its end."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _withdraw(self, future: asyncio.Future[_Result]) -> None:
        waiting = len(self._waiting)
        self._waiting = [pair for pair in self._waiting if pair[1] is not future]
        has_begun = len(self._waiting) == waiting
        while self._sees_through and has_begun and not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue
        # Its caller has gone: an error that nobody asks for is no news.
        if not future.cancel() and not future.cancelled():
            future.exception()

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                results = await self._apply([item for item, _ in group])
            except Exception as error:  # noqa: BLE001 - handed to every caller of the group
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)
                continue
            except BaseException:
                for _, future in (*group, *self._waiting):
                    future.cancel()
                raise
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():
                    future.set_result(result)
