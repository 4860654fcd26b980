"""Where the state is kept in a run, as a server of its own that faults befall too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final, Literal, final

from tools.own_redis import OwnRedis
from tools.own_sidecar import OwnSidecar
from tools.services.dapr import STATE_STORE, Sidecar, state_store
from tools.services.daprd import program

Kind = Literal["files", "redis", "dapr"]
KINDS: Final[tuple[Kind, ...]] = ("files", "redis", "dapr")
Fault = tuple[int, Callable[[], Awaitable[None]]]
"""How often it comes, by weight, and what it does."""
_LONGEST_SILENCE_SECONDS: Final = 7.0
"""Longer than a worker waits for an answer."""
_LONGEST_ABSENCE_SECONDS: Final = 3.0


@final
class State:
    """The servers of a state, none for one in files.

    Attributes:
        url: As `MASTERY_STORE_URL` names it; empty for files.
        faults: By name.
    """

    def __init__(
        self, random: Random, server: OwnRedis | None = None, sidecar: OwnSidecar | None = None
    ) -> None:
        """Take servers that run.

        Args:
            random: Says for how long.
            server: Redis.
            sidecar: Before it.
        """
        self._random = random
        self._turn = asyncio.Lock()
        faults: dict[str, Fault] = {}
        self.url = ""
        if server is not None:
            self.url = server.url
            faults["kill redis"] = (3, lambda: self._kill(server))
            faults["freeze redis"] = (2, lambda: self._freeze(server))
        if sidecar is not None and server is not None:
            self.url = f"dapr://{sidecar.grpc}/{STATE_STORE}?keys={server.url}"
            faults["kill sidecar"] = (4, lambda: self._kill(sidecar))
        self.faults: Mapping[str, Fault] = faults

    async def _kill(self, server: OwnRedis | OwnSidecar) -> None:
        """It is gone for a while; what it had answered must not be."""
        async with self._turn:
            await server.kill()
            try:
                await asyncio.sleep(self._random.uniform(0.0, _LONGEST_ABSENCE_SECONDS))
            finally:
                # When faults end in the middle of one, too.
                await server.start()

    async def _freeze(self, server: OwnRedis) -> None:
        async with self._turn:
            server.freeze()
            try:
                await asyncio.sleep(self._random.uniform(0.1, _LONGEST_SILENCE_SECONDS))
            finally:
                server.thaw()


@asynccontextmanager
async def state_of(kind: Kind, folder: Path, random: Random) -> AsyncGenerator[State]:
    """Servers for a state, ended in the end.

    Args:
        kind: Which.
        folder: For their files.
        random: See `State`.
    """
    if kind == "files":
        yield State(random)
        return
    server = OwnRedis(folder / "redis")
    try:
        await server.start()
        if kind == "redis":
            yield State(random, server)
            return
        await asyncio.to_thread(program)
        resources = folder / "resources"
        resources.mkdir()
        (resources / "statestore.yaml").write_text(state_store(server.url))
        sidecar = OwnSidecar(folder / "sidecar", Sidecar("mastery-engine", [resources]))
        try:
            await sidecar.start()
            yield State(random, server, sidecar)
        finally:
            await sidecar.kill()
    finally:
        await server.kill()
