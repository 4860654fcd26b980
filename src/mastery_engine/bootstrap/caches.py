"""Caches of learners, from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final
from uuid import uuid4

from mastery_engine.adapters.shared.log_tail import LogTail
from mastery_engine.bootstrap.choice import MEMORY_URL, Adapters
from mastery_engine.bootstrap.extras import require
from mastery_engine.config import Settings, without_secrets
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.cached_learners import CachedLearners
from mastery_engine.engine.evicting_store import EvictingStore
from mastery_engine.engine.following import Following
from mastery_engine.engine.live import LiveHub
from mastery_engine.engine.sealed_cache import SealedCache
from mastery_engine.engine.shared_documents import SharedDocuments
from mastery_engine.ports import Cache, EventLog, LogFollower

_NEEDED: Final = ("redis", "hiredis")
REDIS_SCHEMES: Final = ("redis://", "rediss://")


def with_caches(
    settings: Settings,
    adapters: Adapters,
    stack: AsyncExitStack,
    pseudonyms: Callable[[], Pseudonyms],
    live: LiveHub | None,
) -> tuple[Adapters, CachedLearners | None]:
    """The adapters with a store that evicts what it writes, and learners kept in memory where a process serves.

    Args:
        settings: What is in force.
        adapters: What they name.
        stack: Closes the caches, before the adapters.
        pseudonyms: Give the key of the seals on shared copies.
        live: To be told of changes, where many questions are answered. None for a command, which asks once: it only evicts.

    Raises:
        ConfigurationError: The shared cache is none, or stands where it gains nothing.
    """
    cache = shared_cache(settings)
    serves = live is not None
    if cache is None and not serves:
        return adapters, None
    counts, clock = CacheCounts.zero(), adapters.clock
    shared = None
    if cache is not None:
        stack.push_async_callback(cache.close)
        sealed = SealedCache(cache, pseudonyms().key_for("copies of documents"), counts)
        shared = SharedDocuments(sealed, clock, counts)
    learners = CachedLearners(adapters.store, clock, settings.cache_bytes if serves else 0, counts, shared)
    stack.push_async_callback(learners.close)
    if live is None:
        return replace(adapters, store=EvictingStore(adapters.store, learners.evict, clock)), None

    async def evict(changed: Mapping[str, int]) -> None:
        await learners.evict(changed)
        live.changed(changed)

    following = _following(adapters, learners, live)
    if following is not None:
        task = asyncio.create_task(following.run(), name="follow the results")
        stack.push_async_callback(_ended, task)
    keeps = cache is not None or settings.cache_bytes > 0
    return replace(adapters, store=EvictingStore(adapters.store, evict, clock)), learners if keeps else None


def live_hub(adapters: Adapters) -> LiveHub:
    """What tells of changes of learners; of those of this process alone, where it keeps no results to be followed."""
    if adapters.apart is None and adapters.results_log is None:
        return LiveHub(uuid4().hex, counts=True)
    return LiveHub()


def shared_cache(settings: Settings) -> Cache | None:
    """L2, if the settings name one; nothing is asked of it yet.

    Raises:
        ConfigurationError: It is none, or stands where it gains nothing.
    """
    url, shown = settings.cache_url, without_secrets(settings.cache_url)
    if not url:
        return None
    if not url.startswith(REDIS_SCHEMES):
        raise ConfigurationError(
            f"MASTERY_CACHE_URL = {shown!r} is not known; write it like redis://HOST:PORT/0"
        )
    if settings.store_url.startswith(("redis", MEMORY_URL)):
        raise ConfigurationError(
            "MASTERY_CACHE_URL gains nothing beside MASTERY_STORE_URL = "
            f"{without_secrets(settings.store_url)!r}, which is as quick itself; unset it"
        )
    require("redis", _NEEDED, "MASTERY_CACHE_URL")
    from mastery_engine.adapters.cache.redis import RedisCache  # noqa: PLC0415 - only where it is used

    return RedisCache(url, shown)


def cache_troubles(learners: CachedLearners | None) -> Mapping[str, Callable[[], str | None]]:
    """By name of a cache, why it is not used just now."""
    if learners is None:
        return {}
    troubles: dict[str, Callable[[], str | None]] = {"cache": lambda: learners.trouble}
    shared = learners.shared
    if shared is not None:
        troubles["shared_cache"] = lambda: shared.trouble
    return troubles


def _following(adapters: Adapters, learners: CachedLearners, live: LiveHub) -> Following | None:
    """Who evicts what others change; nobody else can change a state in this process's own memory."""
    follow: Callable[[], Awaitable[LogFollower]]
    log: EventLog
    if adapters.apart is not None:
        log, follow = adapters.apart.results_log, adapters.apart.follow_results
    elif adapters.results_log is not None:
        log = adapters.results_log
        follow = LogTail(log, adapters.clock).open
    else:
        return None

    async def begin() -> LogFollower:
        topic_id = await log.topic_id()
        follower = await follow()
        live.began(topic_id)
        return follower

    return Following(begin, log.ping, learners, adapters.clock, live)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
