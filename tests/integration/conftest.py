"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.state import RedisStateStore, open_redis_store
from tests.integration.redis_house import Open


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens stores in Redis by their URLs; they are closed in the end."""
    stores: list[RedisStateStore] = []

    def store(url: str) -> RedisStateStore:
        stores.append(open_redis_store(read_address("MASTERY_STORE_URL", url), SystemClock()))
        return stores[-1]

    yield store
    for one in stores:
        await one.close()
