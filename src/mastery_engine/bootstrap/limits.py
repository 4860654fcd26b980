"""Limits from the settings: shared in Redis where one is named, else this process's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

from mastery_engine.adapters.memory import MemoryLimits
from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.bootstrap.engine import Engine
from mastery_engine.bootstrap.extras import require
from mastery_engine.config import REDIS_SCHEMES, Settings, without_secrets
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.limiting import Limiting
from mastery_engine.ports import Limits


def limiting_of(engine: Engine, stack: AsyncExitStack) -> Limiting:
    """The limits of a service; nothing is asked of them yet, and `stack` closes them.

    Args:
        engine: Open; its key of pseudonyms hides the callers.
        stack: Closes them.

    Raises:
        ConfigurationError: The setting names no Redis, or the extra is not installed.
    """
    clock = engine.adapters.clock
    key = engine.pseudonyms.key_for("limits of callers")
    limiting = Limiting(key, clock, MemoryLimits(clock), shared_limits(engine.settings))
    stack.push_async_callback(limiting.close)
    return limiting


def shared_limits(settings: Settings, answer_seconds: float | None = None) -> Callable[[], Limits] | None:
    """What opens the limits that replicas share: in the Redis that is set, else that of the state, else the cache's.

    Args:
        settings: What is in force.
        answer_seconds: Longest that who asks waits; None: as briefly as a request does.

    Returns:
        None where there is no Redis.

    Raises:
        ConfigurationError: The setting names none, the URL is not well-formed, or the extra is not installed.
    """
    name, url = _named(settings)
    if url in {"", MEMORY_URL}:
        return None
    if not url.startswith(REDIS_SCHEMES):
        raise ConfigurationError(
            f"{name} = {without_secrets(url)!r} is not known; write it like redis://HOST:PORT/0, or {MEMORY_URL} for "
            "limits of each process"
        )
    require("redis", ("redis", "hiredis"), name)
    from mastery_engine.adapters.redis.address import read_address  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.redis.limits import ANSWER_SECONDS, open_redis_limits  # noqa: PLC0415 - as above

    return partial(open_redis_limits, read_address(name, url), name, answer_seconds or ANSWER_SECONDS)


def limits_troubles(limiting: Limiting) -> Mapping[str, Callable[[], str | None]]:
    """By name, why the shared limits are not used just now; nothing where there are none."""
    return {"limits": lambda: limiting.trouble} if limiting.shares else {}


def _named(settings: Settings) -> tuple[str, str]:
    if settings.limits_url:
        return "MASTERY_LIMITS_URL", settings.limits_url
    if settings.store_url.startswith(REDIS_SCHEMES):
        return "MASTERY_STORE_URL", settings.store_url
    return "MASTERY_CACHE_URL", settings.cache_url
