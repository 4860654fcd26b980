"""What a foreign server answers is read with bounds, and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from mastery_engine.adapters.shared.bounded_body import MOST_PARTS, UnfitBody, bounded_body


def answer(parts: int) -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(parts):
            yield b"x"

    return httpx.Response(200, content=content())


async def test_a_body_in_many_small_parts_is_given_up() -> None:
    assert await bounded_body(answer(MOST_PARTS), 10**6) == b"x" * MOST_PARTS
    with pytest.raises(UnfitBody, match="more than 1000 parts"):
        await bounded_body(answer(MOST_PARTS + 1), 10**6)


async def test_others_are_served_while_a_body_is_read_that_has_come_already() -> None:
    reading = asyncio.create_task(bounded_body(answer(10), 10**6))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 10
