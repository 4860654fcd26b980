"""The benchmark of the API does what it says, at a size that takes a moment."""

from __future__ import annotations

from pathlib import Path

from benchmarks.api import load
from benchmarks.api.report import report
from benchmarks.api.sending import request_of, send
from benchmarks.api.serving import bare, new_secret, serving

EVENTS = 2_000
SECONDS = 0.2


async def test_a_service_takes_all_events_and_answers_all_questions(tmp_path: Path) -> None:
    secret, asking = new_secret(), load.students(EVENTS)
    async with serving(tmp_path, secret, {}) as url:
        assert (await load.take_events(url, secret, EVENTS))["events"] == EVENTS
        answered = await load.ask(url, load.questions(secret, asking)[:20], 20, 1)
        (took,) = await load.many_at_once(url, secret, asking, rounds=1)
    assert answered["lost"] == 0
    assert answered["statuses"] == {"200": 20}
    assert took > 0


async def test_the_least_that_a_service_does_is_answered_too() -> None:
    async with bare(b"{}") as url:
        sent = await send(url, [request_of("GET", "/", {})], 50, SECONDS, 2)
    assert (sent["statuses"], sent["lost"]) == ({200: 10}, 0)


def test_the_table_tells_the_highest_rate_that_is_in_time() -> None:
    def at(rate: float, late: float) -> dict[str, object]:
        told = {"p50": 1.0, "p95": late, "p99": late}
        return {"asked_rate": rate, "statuses": {"200": 1}, "lost": 0, **told}

    one = {"ingest": {"rate": 12_000.0}, "query": [at(500, 9.0), at(750, 140.0)], "batch": [0.05, 0.06]}
    costs = {"cpu_microseconds": 1_500.0, "alone_microseconds": 4_000.0}
    less = {"cpu_microseconds": 1_000.0, "alone_microseconds": 1_000.0}
    figures = {
        "embedded": one,
        "servers": one,
        "bare": [at(1_500, 2.0)],
        "stages": {"whole": costs, "audit": less, "answer": "{}"},
    }
    told = dict(report(figures))
    assert told["  highest rate before that is too late"] == "500/s"
    assert told["  of which audit"] == "500 µs of processor time, 3,000 µs alone"
