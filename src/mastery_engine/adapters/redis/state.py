"""State store in Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, final

import redis.exceptions
import structlog

from mastery_engine.adapters.redis import scripts
from mastery_engine.adapters.redis.address import RedisAddress
from mastery_engine.adapters.redis.checks import check_server
from mastery_engine.adapters.redis.failures import redis_errors
from mastery_engine.adapters.redis.keys import KeyForm, glob
from mastery_engine.adapters.redis.servers import Call, Servers
from mastery_engine.ports import Clock, Entry, Write

_MOST_KEYS: Final = 500
"""A script holds up everybody else meanwhile: a few milliseconds."""
_MOST_BYTES: Final = 4 * 1024 * 1024
_FOREIGN_VALUE: Final = b"\xc1another type"
"""Stands for what is no HASH; 0xC1 begins no MessagePack value, so nobody takes it for one of ours."""
_REMOVED: Final = "-"
_log: Final = structlog.get_logger(__name__)


@final
class RedisStateStore:
    """Keys to bytes, each a HASH of data and version. All of a batch is one round trip."""

    def __init__(
        self, servers: Servers, form: KeyForm, clock: Clock, where: str, setting: str = "MASTERY_STORE_URL"
    ) -> None:
        """Put the parts together.

        Args:
            servers: Closed with this.
            form: How keys are written there.
            clock: Of this machine, to be compared with the server's.
            where: The servers as they may be shown.
            setting: Variable that names them.
        """
        self._servers = servers
        self._form = form
        self._clock = clock
        self._where = where
        self._setting = setting
        self._warned = False

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        if not keys:
            return []
        names = [self._form.written(key) for key in keys]
        groups = self._grouped(names, lambda place: len(names[place]))
        calls = [Call(scripts.READ, [names[place] for place in group]) for group in groups]
        found: list[Entry | None] = [None] * len(names)
        for group, answer in zip(groups, await self._read(calls), strict=True):
            for place, data, version in zip(group, answer[::2], answer[1::2], strict=True):
                found[place] = _entry(data, version)
        return found

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        if not writes:
            return []
        names = [self._form.written(write.key) for write in writes]
        groups = self._grouped(names, lambda place: len(writes[place].value or b""))
        calls = [
            Call(
                scripts.WRITE,
                [names[place] for place in group],
                [field for place in group for field in _fields(writes[place])],
            )
            for group in groups
        ]
        with redis_errors(self._where, self._setting):
            answers = await self._servers.run(calls, durably=True)
        applied = [False] * len(writes)
        for group, answer in zip(groups, answers, strict=True):
            for place, one in zip(group, answer, strict=True):
                applied[place] = one == 1
        return applied

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        with redis_errors(self._where, self._setting):
            async for names in self._servers.scan(glob(self._form.written_prefix(prefix))):
                keys = [self._form.read(name.decode("utf-8", "replace")) for name in names]
                if fitting := [key for key in keys if key.startswith(prefix)]:
                    yield fitting

    async def expired(self) -> AsyncIterator[list[str]]:
        # It removes them by itself.
        for keys in ():
            yield keys

    async def purge(self) -> int:
        # Redis does so by itself.
        return 0

    async def ping(self) -> None:
        with redis_errors(self._where, self._setting):
            why = await check_server(self._servers, self._clock, self._where, self._setting)
        if why and not self._warned:
            self._warned = True
            _log.warning("redis may lose what it has answered", where=self._where, why=why)

    async def close(self) -> None:
        with redis_errors(self._where, self._setting):
            await self._servers.close()

    async def _read(self, calls: Sequence[Call]) -> list[Any]:
        """Ask once more where the connection was lost, as after a restart of the server: reading twice is safe."""
        with redis_errors(self._where, self._setting):
            try:
                return await self._servers.run(calls, durably=False)
            except redis.exceptions.TimeoutError:
                raise
            except redis.exceptions.ConnectionError:
                return await self._servers.run(calls, durably=False)

    def _grouped(self, names: Sequence[str], size: Callable[[int], int]) -> list[list[int]]:
        """Places of names that go into one script: of one place, not too many, and not too large."""
        full: list[list[int]] = []
        filling: dict[int, tuple[list[int], int]] = {}
        for place, name in enumerate(names):
            together = self._servers.together(name)
            group, held = filling.get(together, ([], 0))
            if group and (len(group) >= _MOST_KEYS or held + size(place) > _MOST_BYTES):
                group, held = [], 0
            if not group:
                full.append(group)
            group.append(place)
            filling[together] = group, held + size(place)
        return full


def _fields(write: Write) -> tuple[str | bytes, ...]:
    expected = scripts.ANY if write.expected is None else write.expected
    if write.value is None:
        return expected, _REMOVED, b""
    expiry = "" if write.ttl_seconds is None else str(write.ttl_seconds * 1_000)
    return expected, expiry, write.value


def _entry(data: bytes | None, version: bytes | None) -> Entry | None:
    if version is None:
        return None
    return Entry(_FOREIGN_VALUE if data is None else data, version.decode("utf-8", "replace"))


def open_redis_store(
    address: RedisAddress, clock: Clock, setting: str = "MASTERY_STORE_URL"
) -> RedisStateStore:
    """A store; nothing is asked of the server yet.

    Args:
        address: Where.
        clock: See `RedisStateStore`.
        setting: Variable that names it.
    """
    # Each of the two is imported where it is used: a client of a cluster takes a third of a second.
    servers: Servers
    if address.topology == "cluster":
        from mastery_engine.adapters.redis.cluster import ClusterServers, cluster_of  # noqa: PLC0415

        servers, form = ClusterServers(cluster_of(address)), KeyForm(braced=True)
    else:
        from mastery_engine.adapters.redis.one_server import one_server  # noqa: PLC0415

        servers, form = one_server(address), KeyForm()
    return RedisStateStore(servers, form, clock, address.shown, setting)
