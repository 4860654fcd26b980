"""The contenders of each kind of state, on the same topics and the same servers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, cast, final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from benchmarks.stream import contenders
from benchmarks.stream.contenders import Figures, process
from mastery_engine.bootstrap.foundation import CONSUMER_GROUP
from tools.installation import Installation
from tools.own_redis import OwnRedis
from tools.own_sidecar import OwnSidecar
from tools.services.dapr import STATE_STORE, Sidecar, state_store
from tools.services.daprd import program

Kind = Literal["redis", "dapr"]
ROUNDS: Final = 3


@final
class Rounds:
    """Runs of all contenders of a kind, each beginning with nothing in the store.

    Attributes:
        traffic: File of what a worker asks of its state.
        told: File of what the raw loops need to know.
    """

    def __init__(
        self, installation: Installation, server: OwnRedis, sidecar: OwnSidecar, folder: Path, count: int
    ) -> None:
        """Take what they run on.

        Args:
            installation: With events in its topic.
            server: Redis.
            sidecar: Before it.
            folder: For files.
            count: Events in the topic.
        """
        self.traffic, self.told = folder / "traffic", folder / "told"
        self._installation = installation
        self._server = server
        self._sidecar = sidecar
        self._count = count

    async def measure(self, kind: Kind, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
        """The engine, the raw loop with the same keys and bytes, and the raw state alone, in turns.

        Args:
            kind: Of state.
            rounds: How many of each.
            say: Told how it goes.
        """
        ours: list[Figures] = []
        raw: list[Figures] = []
        alone: list[Figures] = []
        for _ in range(rounds):
            ours.append(await self._engine(kind))
            raw.append(await self._raw(kind, with_kafka=True))
            alone.append(await self._raw(kind, with_kafka=False))
            told = [f"{one[-1]['per_second']:,.0f}" for one in (ours, raw, alone)]
            say(f"{kind}: engine {told[0]}, raw loop {told[1]}, raw state alone {told[2]} events/s")
        return {
            name: contenders.median(some) | {"spread": contenders.spread(some)}
            for name, some in (("engine", ours), ("raw", raw), ("alone", alone))
        }

    async def fresh(self, kind: Kind) -> None:
        """Forget the state and what was folded."""
        await self._server.tell("FLUSHALL")
        query = f"?keys={self._server.url}"
        urls = {"redis": self._server.url, "dapr": f"dapr://{self._sidecar.grpc}/{STATE_STORE}{query}"}
        self._installation.variables["MASTERY_STORE_URL"] = urls[kind]
        await asyncio.to_thread(self._forget_group)

    async def _engine(self, kind: Kind) -> Figures:
        await self.fresh(kind)
        return await asyncio.to_thread(contenders.engine, self._installation, self._count)

    async def _raw(self, kind: Kind, *, with_kafka: bool) -> Figures:
        await self.fresh(kind)
        address = self._server.url if kind == "redis" else self._sidecar.grpc
        names = self._installation.names
        kafka = [self._installation.servers, names.requests, f"{names.results}.raw", str(self.told)]
        arguments = [kind, address, str(self.traffic), *(kafka if with_kafka else []), str(self._count)]
        module = "benchmarks.state.raw_process"
        return await asyncio.to_thread(process, sys.executable, module, self._installation, arguments)

    def _forget_group(self) -> None:
        client = cast("Any", AdminClient({"bootstrap.servers": self._installation.servers}))
        group = self._installation.variables["MASTERY_KAFKA_PREFIX"] + CONSUMER_GROUP
        for future in client.delete_consumer_groups([group]).values():
            try:
                future.result(20)
            except KafkaException as error:
                # Nobody has folded yet.
                if error.args[0].name() != "GROUP_ID_NOT_FOUND":
                    raise


@asynccontextmanager
async def servers(folder: Path) -> AsyncGenerator[tuple[OwnRedis, OwnSidecar]]:
    """A Redis that has everything on the disk before it answers, and a sidecar before it; ended in the end.

    Args:
        folder: For their files.
    """
    server = OwnRedis(folder / "redis")
    resources = folder / "resources"
    resources.mkdir()
    (resources / "statestore.yaml").write_text(state_store(server.url))
    await asyncio.to_thread(program)
    sidecar = OwnSidecar(folder / "sidecar", Sidecar("mastery-engine", [resources]))
    try:
        await server.start()
        await sidecar.start()
        yield server, sidecar
    finally:
        await sidecar.kill()
        await server.kill()


@asynccontextmanager
async def installed(found: dict[str, str], folder: Path) -> AsyncGenerator[Installation]:
    """Topics of their own, removed in the end.

    Args:
        found: Addresses of Kafka and the registry.
        folder: The home.
    """
    made = Installation(found["kafka"], found["registry"], folder, "bench")
    await made.prepare()
    try:
        yield made
    finally:
        await made.remove()
