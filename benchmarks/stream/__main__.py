"""`make bench-stream`: from Kafka to Kafka in one run, kept with machine, versions and date by `--keep`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.__main__ import machine
from benchmarks.keeping import say, show
from benchmarks.stream import contenders, others
from benchmarks.stream.school import STUDENTS, fill
from tools.installation import Installation
from tools.services.running import addresses

ROUNDS: Final = 3
_SLOW_SHARE: Final = 4
"""Quixstreams is given a part of the events: it would take minutes for all of them."""


@asynccontextmanager
async def installed(found: dict[str, str], folder: Path) -> AsyncGenerator[Installation]:
    """Topics of their own, and a state in memory."""
    made = Installation(found["kafka"], found["registry"], folder, "bench")
    made.variables["MASTERY_STORE_URL"] = "memory://"
    await made.prepare()
    try:
        yield made
    finally:
        await made.remove()


async def measure(found: dict[str, str], count: int, *, peer: bool) -> dict[str, Any]:
    """Everything, one after the other.

    Args:
        found: Addresses of the servers.
        count: Events.
        peer: Whether quixstreams is there.
    """
    figures: dict[str, Any] = {"events": count, "students": STUDENTS, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as name:
        folder = Path(name)
        async with installed(found, folder / "stream") as installation:
            async with installation.engine() as engine:
                say(f"{await fill(engine, count):,} events are in Kafka")
                told = folder / "told"
                warm = await asyncio.to_thread(contenders.engine, installation, count)
                say(f"warmed up: {warm['per_second']:,.0f} events/s")
                shared = await contenders.told_to_others(engine, installation, count)
            figures["outputs_per_event"] = shared["share"]
            await asyncio.to_thread(contenders.prepare_others, installation, shared, told)
            ours: list[contenders.Figures] = []
            raw: list[contenders.Figures] = []
            for _ in range(ROUNDS):
                ours.append(await asyncio.to_thread(contenders.engine, installation, count))
                raw.append(await asyncio.to_thread(contenders.raw, installation, told, count))
                say(f"engine {ours[-1]['per_second']:,.0f}, raw loop {raw[-1]['per_second']:,.0f} events/s")
            figures["engine"] = contenders.median(ours) | {"spread": contenders.spread(ours)}
            figures["raw"] = contenders.median(raw) | {"spread": contenders.spread(raw)}
            if peer:
                state = folder / "quix"
                share = count // _SLOW_SHARE
                figures["quixstreams"] = await asyncio.to_thread(
                    contenders.quix, installation, told, state, share
                )
                say(f"quixstreams {figures['quixstreams']['per_second']:,.0f} events/s")
        async with installed(found, folder / "latency") as installation:
            half = figures["engine"]["per_second"] / 2
            figures["latency_ms"] = await asyncio.to_thread(others.latency, installation, half)
        figures["archive_per_second"] = await others.archive(found["postgres"], min(count, 100_000))
        say(f"archive {figures['archive_per_second']:,.0f} events/s")
        figures["replay"] = await asyncio.to_thread(others.replay, folder / "replay")
    return figures


def report(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures, line by line."""
    ours, raw, peer, wait = (
        figures["engine"],
        figures["raw"],
        figures.get("quixstreams"),
        figures["latency_ms"],
    )
    rows = [
        ("Kafka to Kafka, state in memory", f"{ours['per_second']:,.0f} events/s"),
        ("  processor time of an event", f"{ours['cpu_microseconds']:.0f} µs"),
        ("raw consume, decode, encode, produce", f"{raw['per_second']:,.0f} events/s"),
        ("  processor time of an event", f"{raw['cpu_microseconds']:.0f} µs"),
        ("  raw loop / engine", f"{raw['per_second'] / ours['per_second']:.1f}"),
    ]
    if peer:
        rows += [
            ("quixstreams, exactly-once, our fold", f"{peer['per_second']:,.0f} events/s"),
            ("  engine / quixstreams", f"{ours['per_second'] / peer['per_second']:.1f}"),
        ]
    return [
        *rows,
        (f"event to update at {wait['rate']:,.0f}/s, P50", f"{wait['p50']:,.0f} ms"),
        ("  P95", f"{wait['p95']:,.0f} ms"),
        ("  P99", f"{wait['p99']:,.0f} ms"),
        ("archive in PostgreSQL", f"{figures['archive_per_second']:,.0f} events/s"),
        ("replay of an archive", f"{figures['replay']['per_second']:,.0f} events/s"),
        (
            "events, students, outputs of an event",
            f"{figures['events']:,}, {figures['students']:,}, {figures['outputs_per_event']:.2f}",
        ),
    ]


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/stream.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    names = ("kafka", "registry", "postgres")
    own = {name: url for name in names if (url := os.environ.get(f"MASTERY_TEST_{name.upper()}"))}
    found = own | addresses([name for name in names if name not in own], say)
    peer = contenders.PEER.exists()
    if not peer:
        say("quixstreams is not measured: make bench-stream installs it")
    figures = asyncio.run(measure(found, asked.events, peer=peer))
    about = machine() | {name: version(name) for name in ("confluent-kafka", "fastavro")}
    show("stream", about, figures, report(figures), as_json=asked.json, keep=asked.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
