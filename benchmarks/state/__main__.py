"""`make bench-state`: state in Redis and behind a sidecar in one run, kept with machine, versions and date by `--keep`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import cache
from benchmarks.__main__ import machine
from benchmarks.keeping import say, show
from benchmarks.state import memory, operations
from benchmarks.state.contenders import ROUNDS, Rounds, installed, servers
from benchmarks.state.recorded import record
from benchmarks.state.report import report
from benchmarks.stream import contenders
from benchmarks.stream.school import STUDENTS, fill
from tools.own_redis import OwnRedis
from tools.own_sidecar import OwnSidecar
from tools.services.running import addresses

_RECORDED: Final = 20_000


async def stream(
    found: dict[str, str],
    folder: Path,
    server: OwnRedis,
    sidecar: OwnSidecar,
    count: int,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """From Kafka to Kafka with each state, and what the same keys and bytes take at least.

    Args:
        found: Addresses of Kafka and the registry.
        folder: For files.
        server: Redis.
        sidecar: Before it.
        count: Events.
        rounds: Of each contender.
    """
    async with installed(found, folder / "home") as installation:
        runs = Rounds(installation, server, sidecar, folder, count)
        async with installation.engine() as engine:
            say(f"{await fill(engine, count):,} events are in Kafka")
        await runs.fresh("redis")
        traffic = await record(installation, min(count, _RECORDED), runs.traffic)
        async with installation.engine() as engine:
            shared = await contenders.told_to_others(engine, installation, traffic.events)
        contenders.prepare_others(installation, shared, runs.told)
        figures: dict[str, Any] = {
            "reads_an_event": sum(map(len, traffic.reads)) / traffic.events,
            "writes_an_event": sum(map(len, traffic.writes)) / traffic.events,
            "bytes_an_event": sum(len(one[1]) for some in traffic.writes for one in some) / traffic.events,
            "outputs_an_event": shared["share"],
        }
        for kind in ("redis", "dapr"):
            figures[kind] = await runs.measure(kind, rounds, say)
    return figures


async def measure(found: dict[str, str], count: int, data: Path | None) -> dict[str, Any]:
    """Everything, one after the other.

    Args:
        found: Addresses of Kafka and the registry.
        count: Events.
        data: Folder of OULAD; None leaves the memory out.
    """
    figures: dict[str, Any] = {"events": count, "students": STUDENTS}
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as name:
        folder = Path(name)
        async with servers(folder) as (server, sidecar):
            figures["stream"] = await stream(found, folder, server, sidecar, count)
            await server.tell("FLUSHALL")
            if data is not None:
                say("importing a presentation of OULAD into Redis")
                os.environ["MASTERY_STORE_URL"] = server.url
                figures["memory"] = await memory.measure(server.url, data, folder / "oulad")
            urls = {"redis": server.url, "dapr": f"dapr://{sidecar.grpc}/statestore?keys={server.url}"}
            figures["operations"] = {}
            for kind, url in urls.items():
                async with installed(found, folder / f"operations-{kind}") as installation:
                    installation.variables["MASTERY_STORE_URL"] = url
                    figures["operations"][kind] = await operations.measure(installation)
                    say(f"{kind}: P95 of a call {figures['operations'][kind]['p95']:.1f} ms")
            say("reading with and without caches")
            figures["cache"] = await cache.run({"sqlite": "", **urls}, server.url)
    return figures


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state", description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/state.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    own = {
        name: url for name in ("kafka", "registry") if (url := os.environ.get(f"MASTERY_TEST_{name.upper()}"))
    }
    found = own | addresses([name for name in ("kafka", "registry") if name not in own], say)
    root = os.environ.get("MASTERY_TEST_DATA")
    if not root:
        say("memory is not measured: MASTERY_TEST_DATA is not set (a folder that holds oulad/)")
    figures = asyncio.run(measure(found, asked.events, Path(root) / "oulad" if root else None))
    about = machine() | {
        name: version(name) for name in ("confluent-kafka", "redis", "hiredis", "grpcio", "dapr")
    }
    show("state", about, figures, report(figures), as_json=asked.json, keep=asked.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
