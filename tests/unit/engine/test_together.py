"""Independent things at the same time."""

from __future__ import annotations

import asyncio

import pytest

from mastery_engine.engine.together import together


async def test_ones_waiting_is_anothers_working() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def one() -> None:
        first.set()
        await second.wait()

    async def other() -> None:
        await first.wait()
        second.set()

    await together(one(), other())
    await together()


async def test_the_first_error_in_order_is_raised_once_all_have_ended() -> None:
    ended: list[str] = []

    async def fails(name: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        ended.append(name)
        raise ValueError(name)

    async def works() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append("worked")

    with pytest.raises(ValueError, match="slow") as raised:
        await together(fails("slow", 3), fails("quick", 1), works())
    assert ended == ["quick", "slow", "worked"]
    assert raised.value.__notes__ == ["at the same time: ValueError('quick')"]
