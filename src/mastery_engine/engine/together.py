"""Doing independent things at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Call = Coroutine[Any, Any, None]
Together = Callable[..., Coroutine[Any, Any, None]]
"""Awaits the coroutines that it is given; raises the first error, and leaves none running behind it."""


async def together(*calls: Call) -> None:
    """Await all at once, so that one's waiting is another's working.

    Raises:
        Exception: The first error, in the order of the calls, once all have ended; others are noted on it.
    """
    ends = await asyncio.gather(*calls, return_exceptions=True)
    errors = [end for end in ends if end is not None]
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"at the same time: {other!r}")
        raise errors[0]
