"""The figures, line by line."""

from __future__ import annotations

from typing import Any, Final

_NAMES: Final = {"redis": "Redis", "dapr": "a Dapr sidecar"}
_LEVELS: Final = {"none": "without a cache", "l2": "L2", "l1": "L1"}
_RAW: Final = {"redis": "redis-py pipelines", "dapr": "bulk calls of a sidecar"}


def report(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values.

    Args:
        figures: As measured.
    """
    rows: list[tuple[str, str]] = []
    stream = figures["stream"]
    for kind, name in _NAMES.items():
        one = stream[kind]
        ours, raw, alone = one["engine"], one["raw"], one["alone"]
        rows += [
            (f"Kafka to Kafka, state in {name}", f"{ours['per_second']:,.0f} events/s"),
            ("  processor time of an event", f"{ours['cpu_microseconds']:.0f} µs"),
            (f"raw loop with {_RAW[kind]}, same keys and bytes", f"{raw['per_second']:,.0f} events/s"),
            ("  raw loop / engine", f"{raw['per_second'] / ours['per_second']:.2f}"),
            (f"{_RAW[kind]} alone", f"{alone['per_second']:,.0f} events/s"),
        ]
    rows.append(
        (
            "reads, writes, bytes written of an event",
            f"{stream['reads_an_event']:.1f}, {stream['writes_an_event']:.1f}, {stream['bytes_an_event']:,.0f}",
        )
    )
    for kind, name in _NAMES.items():
        told = figures["operations"][kind]
        rows.append(
            (
                f"a call of the store at 1,000 events/s, {name}",
                f"P50 {told['p50']:.1f}, P95 {told['p95']:.1f}, P99 {told['p99']:.1f} ms",
            )
        )
    rows += _of_memory(figures["memory"]) if "memory" in figures else []
    return rows + (_of_caches(figures["cache"]) if "cache" in figures else [])


def _of_caches(found: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("a hit in L1, any of many students", f"{found['hit']['hit_any_us']:.2f} µs")]
    for store, levels in found["stores"].items():
        told = ", ".join(f"{_LEVELS[level]} {one['median_us']:,.0f}" for level, one in levels.items())
        rows.append((f"  a read over {store}, median", f"{told} µs"))
    return rows


def _of_memory(found: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (
            "students of OULAD 2014B; with further ones",
            f"{found['of_the_presentation']:,}; {found['students']:,}",
        ),
        ("  all memory of a further document", f"{found['bytes_a_further_document']:,.0f} bytes"),
    ]
    for name, one in found["kinds"].items():
        rows.append(
            (
                f"  MEMORY USAGE of a {name}, median (P95; value)",
                f"{one['memory_usage']:,.0f} ({one['p95']:,.0f}; {one['value']:,.0f}) bytes, {one['keys']:,} keys",
            )
        )
    return rows
