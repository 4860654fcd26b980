"""What tests of state in a real Redis have in common; their fixtures are in `conftest`."""

from __future__ import annotations

from collections.abc import Callable

from mastery_engine.adapters.redis.state import RedisStateStore
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import StateStore
from tools.own_redis import OwnRedis

Open = Callable[[str], RedisStateStore]
Make = Callable[..., OwnRedis]
MIB = 1_048_576


async def value_of(store: StateStore, key: str) -> bytes | None:
    (entry,) = await store.get_many([key])
    return entry.value if entry else None


async def answers(store: StateStore) -> bool:
    try:
        await store.ping()
    except DependencyDown:
        return False
    return True
