"""Calls of many callers at once, no more of them than there may be connections."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, final

Answer = TypeVar("Answer")


@final
class Turns:
    """Lets calls run, each to its end: a caller that is cancelled goes at once, and leaves no connection half-used."""

    def __init__(self, most: int) -> None:
        """Say how many may run at once."""
        self._turn = asyncio.Semaphore(most)
        self._running: set[asyncio.Task[Any]] = set()

    async def take(self, call: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer of a call, once it was its turn."""
        task = asyncio.create_task(self._run(call))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Return once nothing runs any more."""
        while self._running:
            await asyncio.wait(self._running)

    async def _run(self, call: Coroutine[Any, Any, Answer]) -> Answer:
        async with self._turn:
            return await call

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        # Its caller may have gone: an error that nobody asks for is no news.
        if not task.cancelled():
            task.exception()
