"""A database of a shared Redis that one test has for itself, and may wipe."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from redis.asyncio import Redis

from tools.own_database import beside

_DATABASES: Final = range(8, 16)
_LONGEST_SECONDS: Final = 600


@asynccontextmanager
async def own_database(url: str) -> AsyncGenerator[str]:
    """URL of an empty database; who has it is noted in the first one, so that others take another."""
    notes: Any = Redis.from_url(beside(url, "0"))
    mine = uuid4().hex
    try:
        for number in _DATABASES:
            note = f"mastery-test:database:{number}"
            if await notes.set(note, mine, nx=True, ex=_LONGEST_SECONDS):
                break
        else:
            raise AssertionError("every database is a test's")
        own = beside(url, str(number))
        await flush(own)
        yield own
        await flush(own)
        await notes.delete(note)
    finally:
        await notes.aclose()


async def flush(url: str) -> None:
    """Wipe it: FLUSHDB."""
    client: Any = Redis.from_url(url)
    await client.flushdb()
    await client.aclose()
