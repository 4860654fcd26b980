"""The benchmark of the state does what it says, at a size that takes a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.state.__main__ import stream
from benchmarks.state.contenders import servers
from benchmarks.state.memory import by_kind
from benchmarks.state.report import report

EVENTS = 12_000


@pytest.mark.usefixtures("daprd")
async def test_every_contender_moves_the_same_keys(
    kafka_servers: str, registry_url: str, tmp_path: Path
) -> None:
    found = {"kafka": kafka_servers, "registry": registry_url}
    async with servers(tmp_path) as (server, sidecar):
        figures = await stream(found, tmp_path, server, sidecar, EVENTS, rounds=1)
        assert figures["writes_an_event"] > figures["reads_an_event"] > 1.0
        for kind in ("redis", "dapr"):
            assert min(one["per_second"] for one in figures[kind].values()) > 0.0
        client = server.client()
        kinds = await by_kind(client)
        await client.aclose()
    assert kinds["document"]["keys"] > 0
    assert kinds["processed event"]["keys"] > kinds["document"]["keys"]
    assert kinds["component of a day"]["keys"] == 4 * kinds["day"]["keys"]
    assert min(one["memory_usage"] for one in kinds.values()) > 0


def test_the_table_tells_each_state_beside_what_it_takes_at_least() -> None:
    def speed(number: float) -> dict[str, float]:
        return {"per_second": number, "cpu_microseconds": 100.0}

    one = {"engine": speed(8_000.0), "raw": speed(12_000.0), "alone": speed(20_000.0)}
    sizes = {"keys": 10, "memory_usage": 1_200, "p95": 1_500, "value": 800}
    figures = {
        "stream": {
            "reads_an_event": 1.5,
            "writes_an_event": 8.0,
            "bytes_an_event": 2_500.0,
            "redis": one,
            "dapr": one,
        },
        "operations": {kind: {"p50": 1.0, "p95": 2.5, "p99": 3.0} for kind in ("redis", "dapr")},
        "memory": {
            "of_the_presentation": 7_000,
            "students": 50_000,
            "bytes_a_further_document": 1_300.0,
            "kinds": {"document": sizes},
        },
    }
    told = dict(report(figures))
    assert told["Kafka to Kafka, state in Redis"] == "8,000 events/s"
    assert told["  raw loop / engine"] == "1.50"
    assert told["a call of the store at 1,000 events/s, Redis"] == "P50 1.0, P95 2.5, P99 3.0 ms"
    assert told["  MEMORY USAGE of a document, median (P95; value)"] == "1,200 (1,500; 800) bytes, 10 keys"
