"""Which state store the settings name, where it is no file and not this process."""

from __future__ import annotations

from contextlib import AsyncExitStack

from mastery_engine.config import DAPR_SCHEME, Settings
from mastery_engine.ports import Archive, Clock, StateStore


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
    from mastery_engine.bootstrap.redis import redis_store  # noqa: PLC0415 - as above

    return redis_store(settings.store_url, clock, stack)
