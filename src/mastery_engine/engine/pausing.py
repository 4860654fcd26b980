"""Letting time pass, unless something happens."""

from __future__ import annotations

import asyncio

from mastery_engine.ports import Clock


async def pause(clock: Clock, seconds: float, *until: asyncio.Event) -> None:
    """Return after a while, or as soon as one of the events is set.

    Args:
        clock: Whose time passes.
        seconds: How long at most.
        until: What ends the wait; none of them is changed.
    """
    if any(event.is_set() for event in until):
        return
    tasks = {asyncio.ensure_future(clock.sleep(seconds))}
    tasks |= {asyncio.ensure_future(_happened(event)) for event in until}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _happened(event: asyncio.Event) -> None:
    await event.wait()
