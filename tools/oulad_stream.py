"""`python -m tools.oulad_stream [--presentation P] [--module M] [--through redis|dapr]`: OULAD by two roads, compared.

In files; and through Kafka, workers and a Redis of its own, with or without a Dapr sidecar. 0 if `export results` gives the
same bytes, else 1. Needs MASTERY_TEST_DATA, a folder that holds `oulad/`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final, Literal, NamedTuple

from tools.installation import Installation, is_committed
from tools.own_redis import OwnRedis
from tools.own_sidecar import own_sidecar
from tools.services.dapr import Sidecar, state_store
from tools.services.failures import ServiceError
from tools.services.running import addresses
from tools.waiting import until

Road = Literal["redis", "dapr"]
TENANT: Final = "oulad"
AS_OF: Final = "2014-12-31"
DEPENDENCY_DOWN: Final = 75
_SERVERS: Final = {"kafka": "MASTERY_TEST_KAFKA", "registry": "MASTERY_TEST_REGISTRY"}
_LONGEST_SECONDS: Final = 3_600.0


class Results(NamedTuple):
    """What a road came to.

    Attributes:
        exported: All that `export results` printed.
        seconds: From the beginning of the import until everything was folded.
    """

    exported: bytes
    seconds: float

    @property
    def students(self) -> int:
        """Lines."""
        return self.exported.count(b"\n")

    def line(self, road: str) -> str:
        """For people."""
        digest = hashlib.sha256(self.exported).hexdigest()[:16]
        return f"{road:<10} {self.students:,} students, {len(self.exported):,} bytes, sha256 {digest}…, {self.seconds:,.1f} s"


async def embedded(installation: Installation, data: list[str]) -> Results:
    """Import into files, and export.

    Args:
        installation: Its home is used, and none of its servers.
        data: The arguments of `mastery import oulad`.
    """
    begun = monotonic()
    await _command(installation, "import", "oulad", *data, "--tenant", TENANT)
    return Results(await _export(installation), monotonic() - begun)


async def streamed(installation: Installation, data: list[str], workers: int = 2) -> Results:
    """Import into Kafka, let workers fold it, and export.

    Args:
        installation: On servers; its topics are made.
        data: As above.
        workers: How many fold.
    """
    begun = monotonic()
    async with AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(_worker(installation))
        await _command(installation, "import", "oulad", *data, "--tenant", TENANT)
        async with installation.engine() as engine:
            ends = await engine.adapters.log.ends()
            consumer = engine.adapters.log.consumer(engine.group)

            async def is_folded() -> bool:
                return await is_committed(consumer, ends)

            await until(is_folded, _LONGEST_SECONDS)
            await consumer.close()
    seconds = monotonic() - begun
    return Results(await _export(installation), seconds)


@asynccontextmanager
async def state_in(road: Road, folder: Path) -> AsyncGenerator[str]:
    """The URL of a store in a Redis of its own, by itself or behind a sidecar."""
    redis = OwnRedis(folder / "redis")
    await redis.start()
    try:
        if road == "redis":
            yield redis.url
            return
        resources = folder / "resources"
        resources.mkdir()
        (resources / "statestore.yaml").write_text(state_store(redis.url))
        async with own_sidecar(folder / "daprd", Sidecar("oulad-stream", [resources])) as sidecar:
            yield f"dapr://{sidecar.grpc}/statestore?keys={redis.url}"
    finally:
        await redis.kill()


async def both(servers: dict[str, str], folder: Path, data: list[str], road: Road) -> tuple[Results, Results]:
    """What the files came to, and what the stream did.

    Args:
        servers: Addresses of Kafka and of the registry.
        folder: For homes and servers; must be empty.
        data: The arguments of `mastery import oulad`.
        road: Where the stream's state is.
    """
    files = Installation(servers["kafka"], servers["registry"], folder / "files", "oulad")
    for name in ("MASTERY_LOG_URL", "MASTERY_REGISTRY_URL"):
        del files.variables[name]
    stream = Installation(servers["kafka"], servers["registry"], folder / "stream", "oulad")
    async with state_in(road, folder) as url:
        stream.variables["MASTERY_STORE_URL"] = url
        await stream.prepare()
        try:
            return await embedded(files, data), await streamed(stream, data)
        finally:
            await stream.remove()


@asynccontextmanager
async def _worker(installation: Installation) -> AsyncGenerator[None]:
    log = Path(installation.variables["MASTERY_HOME"]).with_suffix(".log")
    with log.open("ab") as said:
        process = installation.start("worker", said=said)
    try:
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate, None, 60)
    if process.returncode:
        raise ServiceError(f"a worker ended with {process.returncode}: {log.read_text()[-2_000:]}")


async def _command(installation: Installation, *command: str) -> bytes:
    process = installation.start(*command)
    out, said = await asyncio.to_thread(process.communicate)
    if process.returncode:
        raise ServiceError(f"mastery {command[0]} ended with {process.returncode}: {said.decode()[-2_000:]}")
    return out


async def _export(installation: Installation) -> bytes:
    return await _command(installation, "export", "results", "--tenant", TENANT, "--as-of", AS_OF)


def main(arguments: list[str] | None = None) -> int:
    """Do one comparison; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.oulad_stream", description=__doc__)
    parser.add_argument("--presentation", default="2014B")
    parser.add_argument("--module", help="one module; default: all")
    parser.add_argument("--through", choices=("redis", "dapr"), default="redis")
    asked = parser.parse_args(arguments)
    root = os.environ.get("MASTERY_TEST_DATA")
    if not root:
        parser.error("MASTERY_TEST_DATA is not set: a folder that holds oulad/")
    data = [str(Path(root).expanduser().resolve() / "oulad"), "-p", asked.presentation]
    data += ["-m", asked.module] if asked.module else []
    try:
        servers = {name: os.environ.get(variable, "") for name, variable in _SERVERS.items()}
        if not all(servers.values()):
            servers = addresses(_SERVERS)
        with tempfile.TemporaryDirectory(prefix="oulad-stream-") as folder:
            files, stream = asyncio.run(both(servers, Path(folder), data, asked.through))
    except ServiceError as error:
        print(f"oulad-stream: {error}", file=sys.stderr)
        return DEPENDENCY_DOWN
    same = files.exported == stream.exported and files.students > 0
    print(files.line("files"), stream.line(asked.through), "the same" if same else "DIFFERENT", sep="\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
