"""Waiting for something to come about, in place of sleeping and hoping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

DEADLINE_SECONDS: Final = 40.0
_LOOK_AGAIN_SECONDS: Final = 0.02


async def until(reached: Callable[[], Awaitable[bool]], seconds: float = DEADLINE_SECONDS) -> None:
    """Return once it is so.

    Args:
        reached: Asked again and again.
        seconds: How long at most.

    Raises:
        AssertionError: It did not come about in time.
    """
    deadline = monotonic() + seconds
    while not await reached():
        if monotonic() > deadline:
            raise AssertionError("it did not come about in time")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
