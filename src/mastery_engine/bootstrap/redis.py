"""State in Redis, from a URL."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Final

from mastery_engine.bootstrap.extras import require
from mastery_engine.ports import Clock, StateStore

_NEEDED: Final = ("redis", "hiredis")


def redis_store(
    url: str, clock: Clock, stack: AsyncExitStack, setting: str = "MASTERY_STORE_URL"
) -> StateStore:
    """A store in Redis; nothing is asked of it yet, and `stack` closes it.

    Args:
        url: Where.
        clock: Of this machine.
        stack: Closes it.
        setting: Variable that holds the URL.

    Raises:
        ConfigurationError: The URL is not well-formed, or the extra is not installed.
    """
    require("redis", _NEEDED, "Redis")
    from mastery_engine.adapters.redis.address import read_address  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.redis.state import open_redis_store  # noqa: PLC0415 - as above

    store = open_redis_store(read_address(setting, url), clock, setting)
    stack.push_async_callback(store.close)
    return store
