"""Which state store the settings name, where it is no file and not this process."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib.util import find_spec

from mastery_engine.config import DAPR_SCHEME, Settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Archive, Clock, StateStore

_NEEDED = ("redis", "hiredis")


def server_store(settings: Settings, clock: Clock, stack: AsyncExitStack, archive: Archive) -> StateStore:
    """A store on a server; nothing is asked of it yet, and `stack` closes it.

    Args:
        settings: What is in force; its store is on a server.
        clock: Of this machine.
        stack: Closes it.
        archive: Knows keys of a store that cannot list its own.

    Raises:
        ConfigurationError: The URL is not well-formed, or an extra is not installed.
    """
    if settings.store_url.startswith(DAPR_SCHEME):
        from mastery_engine.bootstrap.dapr import dapr_store  # noqa: PLC0415 - only where it is used

        return dapr_store(settings, clock, stack, archive)
    return redis_store(settings.store_url, clock, stack)


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
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"Redis needs {', '.join(missing)}; install it with `pip install 'mastery-engine[redis]'`"
        )
    from mastery_engine.adapters.redis.address import read_address  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.redis.state import open_redis_store  # noqa: PLC0415 - as above

    store = open_redis_store(read_address(setting, url), clock, setting)
    stack.push_async_callback(store.close)
    return store
