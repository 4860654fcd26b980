"""The benchmark of the stream does what it says, at a size that takes a moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.stream import contenders
from benchmarks.stream.__main__ import installed, report
from benchmarks.stream.school import fill

# More than one batch of either.
EVENTS = 12_000


async def test_engine_and_raw_loop_go_through_the_same_events(
    kafka_servers: str, registry_url: str, tmp_path: Path
) -> None:
    found, told = {"kafka": kafka_servers, "registry": registry_url}, tmp_path / "told"
    async with installed(found, tmp_path / "home") as installation:
        async with installation.engine() as engine:
            assert await fill(engine, EVENTS) == EVENTS
            ours = await asyncio.to_thread(contenders.engine, installation, EVENTS)
            shared = await contenders.told_to_others(engine, installation, EVENTS)
        assert shared["share"] > 1.0
        assert {reader["name"] for reader in shared["events"].values()} > {"QuizPerformanceSubmitted"}
        await asyncio.to_thread(contenders.prepare_others, installation, shared, told)
        raw = await asyncio.to_thread(contenders.raw, installation, told, EVENTS)
    assert min(ours["per_second"], ours["cpu_microseconds"], raw["per_second"], raw["cpu_microseconds"]) > 0.0


def test_the_table_tells_speeds_side_by_side() -> None:
    speeds = {"per_second": 12_000.0, "cpu_microseconds": 80.0}
    figures = {
        "events": 150_000,
        "students": 2_000,
        "outputs_per_event": 1.45,
        "engine": speeds,
        "raw": {"per_second": 24_000.0, "cpu_microseconds": 40.0},
        "quixstreams": {"per_second": 4_000.0, "cpu_microseconds": 240.0},
        "latency_ms": {"rate": 6_000.0, "p50": 30.0, "p95": 60.0, "p99": 90.0},
        "archive_per_second": 50_000.0,
        "replay": {"events": 90_000, "per_second": 80_000.0},
    }
    told = dict(report(figures))
    assert told["Kafka to Kafka, state in memory"] == "12,000 events/s"
    assert told["  raw loop / engine"] == "2.0"
    assert told["  engine / quixstreams"] == "3.0"
    del figures["quixstreams"]
    assert "  engine / quixstreams" not in dict(report(figures))
