"""Letting time pass, unless something happens."""

from __future__ import annotations

import asyncio

from mastery_engine.engine.pausing import pause
from tests.api.school import StillClock


class EndlessClock(StillClock):
    """One on which no sleep ends."""

    async def sleep(self, seconds: float) -> None:
        del seconds
        await asyncio.Event().wait()


async def test_it_ends_when_the_time_has_passed() -> None:
    clock = StillClock()
    await pause(clock, 5.0, asyncio.Event())
    assert clock.slept == 5.0


async def test_it_ends_when_one_of_the_events_is_set_and_leaves_nothing_running() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(pause(EndlessClock(), 5.0, first, second))
    await asyncio.sleep(0)
    second.set()
    await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_has_happened_already_is_not_waited_for() -> None:
    done = asyncio.Event()
    done.set()
    clock = StillClock()
    await pause(clock, 5.0, asyncio.Event(), done)
    assert clock.slept == 0.0
