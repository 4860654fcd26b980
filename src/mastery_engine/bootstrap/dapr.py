"""State through a Dapr sidecar, and where its keys are listed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final, final
from uuid import uuid4

from mastery_engine.bootstrap.archived_keys import ArchivedKeys
from mastery_engine.bootstrap.extras import require
from mastery_engine.config import REDIS_SCHEMES, Settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Archive, Clock, StateStore, Write

SETTING: Final = "MASTERY_STORE_URL"
TOKEN_VARIABLE: Final = "DAPR_API_TOKEN"  # noqa: S105 - its name
"""Where Dapr's own libraries find the token."""
_NEEDED: Final = ("dapr", "grpc")
_PROBE_SECONDS: Final = 60


def dapr_store(settings: Settings, clock: Clock, stack: AsyncExitStack, archive: Archive) -> StateStore:
    """The store that `store_url` names; nothing is asked of it yet, and `stack` closes it.

    Args:
        settings: What is in force; the URL begins with `dapr://`.
        clock: Of this machine.
        stack: Closes it.
        archive: Knows what keys there may be, where the URL does not say how to list them.

    Raises:
        ConfigurationError: The URL is not well-formed, or an extra is not installed.
    """
    require("dapr", _NEEDED, "a Dapr sidecar")
    from mastery_engine.adapters.dapr.address import read_address  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.dapr.state import DaprStateStore, KeyListing  # noqa: PLC0415 - as above

    address = read_address(SETTING, settings.store_url, os.environ)
    raw = _raw_store(address.keys_url, clock, stack) if address.keys_url else None

    def listing(store: StateStore) -> KeyListing:
        return ArchivedKeys(archive, store) if raw is None else ComponentKeys(raw, store)

    token = settings.dapr_api_token
    shown = os.environ.get(TOKEN_VARIABLE, "") if token is None else token.get_secret_value()
    if not (shown.isascii() and shown.isprintable()):
        raise ConfigurationError(
            f"MASTERY_DAPR_API_TOKEN or {TOKEN_VARIABLE} has a character that no header holds, the newline of a file perhaps"
        )
    store = DaprStateStore(address, shown, listing)
    stack.push_async_callback(store.close)
    return store


def _raw_store(url: str, clock: Clock, stack: AsyncExitStack) -> StateStore:
    from mastery_engine.bootstrap.redis import redis_store  # noqa: PLC0415 - only where it is used

    if not url.startswith(REDIS_SCHEMES):
        raise ConfigurationError(
            f"{SETTING} has keys that are in no Redis; write ?keys=redis://HOST:PORT/DATABASE"
        )
    return redis_store(url, clock, stack, f"keys of {SETTING}")


@final
class ComponentKeys:
    """Keys of the component, listed by the Redis that is behind it."""

    def __init__(self, raw: StateStore, store: StateStore) -> None:
        """Use a Redis.

        Args:
            raw: That Redis.
            store: The same by way of the sidecar.
        """
        self._raw = raw
        self._store = store
        self._is_the_same = False

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """Keys with that prefix.

        Raises:
            ConfigurationError: They are the keys of something else.
        """
        await self._check()
        async for keys in self._raw.scan(prefix):
            yield keys

    async def _check(self) -> None:
        """See once that both speak of the same keys: to miss all of them would look like having none."""
        if self._is_the_same:
            return
        probe = f"cache:probe:{uuid4()}"
        await self._store.write_many([Write(probe, b"", None, _PROBE_SECONDS)])
        if (await self._raw.get_many([probe]))[0] is None:
            raise ConfigurationError(
                f"keys of {SETTING} names another Redis or database than the one of the component, or the component puts "
                "something before its keys; give it keyPrefix none"
            )
        await self._store.write_many([Write(probe, None)])
        self._is_the_same = True
