"""The figures, line by line."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.api.load import TOO_LATE_MS

_NAMES: Final = {"embedded": "embedded", "servers": "Redis and PostgreSQL"}


def report(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values.

    Args:
        figures: As measured.
    """
    rows: list[tuple[str, str]] = []
    for kind, name in _NAMES.items():
        one = figures[kind]
        rows.append(
            (f"events in by HTTP, batches of 1,000, {name}", f"{one['ingest']['rate']:,.0f} events/s")
        )
        rows += [
            (f"questions at {told['asked_rate']:,.0f}/s, {name}", _latencies(told)) for told in one["query"]
        ]
        rows.append(("  highest rate before that is too late", _highest(one["query"])))
        batch = one["batch"]
        median, worst = 1_000 * batch[len(batch) // 2], 1_000 * batch[-1]
        rows.append((f"1,000 students at once, {name}", f"{median:.0f} ms, at most {worst:.0f} ms"))
    rows += [
        (f"a bare application at {told['asked_rate']:,.0f}/s", _latencies(told))
        for told in figures["bare"][-2:]
    ]
    stages = figures["stages"]
    whole = stages["whole"]
    rows.append(("an answer, processor time with 32 at once", f"{whole['cpu_microseconds']:,.0f} µs"))
    rows.append(("an answer, alone", f"{whole['alone_microseconds']:,.0f} µs"))
    for part in stages.keys() - {"whole", "answer"}:
        without = stages[part]
        cpu = whole["cpu_microseconds"] - without["cpu_microseconds"]
        alone = whole["alone_microseconds"] - without["alone_microseconds"]
        rows.append((f"  of which {part}", f"{cpu:,.0f} µs of processor time, {alone:,.0f} µs alone"))
    return rows


def _latencies(told: dict[str, Any]) -> str:
    bad = {status: count for status, count in told["statuses"].items() if status != "200"}
    words = f"P50 {told['p50']:.1f}, P95 {told['p95']:.1f}, P99 {told['p99']:.1f} ms"
    return words + (f"; NOT 200: {bad}, {told['lost']} lost" if bad or told["lost"] else "")


def _highest(climbed: list[dict[str, Any]]) -> str:
    good = [told["asked_rate"] for told in climbed if told["p95"] <= TOO_LATE_MS]
    return f"{max(good):,.0f}/s" if good else "none of those asked at"
