"""Doing independent things at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Together = Callable[..., Awaitable[None]]
"""Awaits all that it is given, in any order, and raises the first error once all have ended."""


async def together(*calls: Awaitable[None]) -> None:
    """Await all at once, so that one's waiting is another's working.

    Raises:
        Exception: The first error, in the order of the calls, once all have ended: nothing is left running behind it.
    """
    for ended in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended


async def one_by_one(*calls: Awaitable[None]) -> None:
    """The same in order, for runs that must come out the same each time."""
    for call in calls:
        await call
