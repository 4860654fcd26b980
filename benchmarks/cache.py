"""What each level of the caches costs and saves, over every store that is there: `python -m benchmarks.cache [--keep]`.

The stores are a file of SQLite, the Redis of `make services` (or MASTERY_TEST_REDIS), and the state store of a Dapr sidecar, if
MASTERY_TEST_DAPR names one. Over each, the same learners are read without a cache, with L2 only and with L1 only, in turns
within one run: one after the other, 32 at once, and 100 in one question. A read is what the use cases do: the state, decoded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final
from uuid import uuid4

from benchmarks.__main__ import RESULTS, machine
from benchmarks.fold import fold_all, make_work
from mastery_engine.adapters.cache.redis import RedisCache
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import Document, decode_document, encode_document
from mastery_engine.contracts.document_size import memory_of
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.cached_learners import CachedLearners
from mastery_engine.engine.learners import Learners, StoredLearners
from mastery_engine.engine.sealed_cache import SealedCache
from mastery_engine.engine.shared_documents import SharedDocuments
from mastery_engine.ports import StateStore, Write
from tools.services.running import addresses

STUDENTS: Final = 400
ROUNDS: Final = 5
AT_ONCE: Final = 32
BATCH: Final = 100
HITS: Final = 200_000
MUCH: Final = 1 << 30
PATIENT_SECONDS: Final = 10.0
_WORDS: Final = {"none": "no cache", "l2": "L2", "l1": "L1"}

Figures = dict[str, float]


def documents() -> list[bytes]:
    """Documents of the fold's benchmark: one course, up to 90 days kept."""
    made: list[bytes] = []
    for state in fold_all(make_work(STUDENTS), 90):
        document = Document()
        document.state = state
        document.offsets = {"A" * 22: {3: 1_234_567}}
        made.append(encode_document(document))
    return made


async def hit_microseconds(values: Sequence[bytes]) -> Figures:
    """The time of a hit in L1, the same student again and again, and any of all."""
    clock = SystemClock()
    store, names = MemoryStateStore(clock), [f"student:{number}" for number in range(len(values))]
    await store.write_many([Write(key, value) for key, value in zip(names, values, strict=True)])
    learners = CachedLearners(store, clock, MUCH, CacheCounts.zero())
    await learners.many(names)
    one, rng = [names[0]], random.Random(4)
    wanted = [[rng.choice(names)] for _ in range(HITS)]
    figures: Figures = {}
    for name, asked in (("same", [one] * HITS), ("any", wanted)):
        start = time.perf_counter()
        for key in asked:
            await learners.many(key)
        figures[f"hit_{name}_us"] = (time.perf_counter() - start) / HITS * 1e6
    start = time.perf_counter()
    for value in values:
        decode_document(value)
    figures["decode_us"] = (time.perf_counter() - start) / len(values) * 1e6
    figures["document_bytes"] = statistics.median(map(len, values))
    figures["entry_bytes"] = statistics.median(
        memory_of(decode_document(value).state, len(value)) for value in values
    )
    await learners.close()
    return figures


@asynccontextmanager
async def levels(store: StateStore, redis_url: str) -> AsyncGenerator[dict[str, Learners]]:
    """Ways to read the same store."""
    clock, counts = SystemClock(), CacheCounts.zero()
    async with AsyncExitStack() as stack:
        cache = RedisCache(redis_url, redis_url, PATIENT_SECONDS)
        stack.push_async_callback(cache.close)
        sealed = SealedCache(cache, bytes(32), counts)
        second = CachedLearners(store, clock, 0, counts, SharedDocuments(sealed, clock, counts))
        stack.push_async_callback(second.close)
        first = CachedLearners(store, clock, MUCH, counts)
        stack.push_async_callback(first.close)
        yield {"none": StoredLearners(store), "l2": second, "l1": first}
        if counts.failures:
            raise RuntimeError(f"the cache failed {counts.failures} times; the figures would not count")


async def measure(store: StateStore, redis_url: str, values: Sequence[bytes]) -> dict[str, Figures]:
    """Read through each level in turns."""
    tenant = f"bench-{uuid4().hex[:12]}"
    names = [keys.document(tenant, f"s{number}") for number in range(len(values))]
    writes = [Write(key, value, ttl_seconds=3_600) for key, value in zip(names, values, strict=True)]
    await store.write_many(writes)
    alone: dict[str, list[float]] = {level: [] for level in _WORDS}
    side: dict[str, list[float]] = {level: [] for level in _WORDS}
    batch: dict[str, list[float]] = {level: [] for level in _WORDS}
    try:
        async with levels(store, redis_url) as ways:
            for level in ("l2", "l1"):
                # The first fills L2 behind the reader's back; the second sees that it is done.
                await ways[level].many(names)
                await asyncio.sleep(0.5)
            for _ in range(ROUNDS):
                for level, learners in ways.items():
                    await learners.many(names[:1])
                    alone[level] += await one_by_one(learners, names)
                    side[level].append(await at_once(learners, names))
                    batch[level] += await in_batches(learners, names)
    finally:
        await store.write_many([Write(key, None) for key in names])
    return {
        level: {
            "median_us": statistics.median(alone[level]) * 1e6,
            "p95_us": statistics.quantiles(alone[level], n=20)[-1] * 1e6,
            "at_once_per_second": statistics.median(side[level]),
            "batch_ms": statistics.median(batch[level]) * 1e3,
        }
        for level in _WORDS
    }


async def one_by_one(learners: Learners, names: Sequence[str]) -> list[float]:
    """Seconds of each read."""
    taken: list[float] = []
    for key in names:
        start = time.perf_counter()
        await learners.many([key])
        taken.append(time.perf_counter() - start)
    return taken


async def at_once(learners: Learners, names: Sequence[str]) -> float:
    """Reads a second of so many readers."""

    async def reader(number: int) -> None:
        for key in names[number::AT_ONCE]:
            await learners.many([key])

    start = time.perf_counter()
    await asyncio.gather(*map(reader, range(AT_ONCE)))
    return len(names) / (time.perf_counter() - start)


async def in_batches(learners: Learners, names: Sequence[str]) -> list[float]:
    """Seconds of each question about so many."""
    taken: list[float] = []
    for first in range(0, len(names), BATCH):
        start = time.perf_counter()
        await learners.many(names[first : first + BATCH])
        taken.append(time.perf_counter() - start)
    return taken


async def over(store_url: str, redis_url: str, values: Sequence[bytes]) -> dict[str, Figures]:
    """Measure over a store; a file is in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as home:
        async with open_engine(load_settings(home=home, store_url=store_url)) as engine:
            return await measure(engine.adapters.store, redis_url, values)


def report(figures: dict[str, Any]) -> list[str]:
    """The figures as lines for people."""
    hit = figures["hit"]
    lines = [
        f"L1, the same student again  {hit['hit_same_us']:>8.2f} µs",
        f"L1, any of {STUDENTS} students     {hit['hit_any_us']:>8.2f} µs",
        f"decoding a document         {hit['decode_us']:>8.2f} µs",
        f"document, median            {hit['document_bytes']:>8,.0f} bytes",
        f"counted for it in L1        {hit['entry_bytes']:>8,.0f} bytes",
        "",
        f"{'store':<8}{'level':<10}{'median µs':>10}{'P95 µs':>10}{'32 at once':>14}{'100 at a time':>16}",
    ]
    for store, by_level in figures["stores"].items():
        lines += [
            f"{store:<8}{_WORDS[level]:<10}{one['median_us']:>10,.0f}{one['p95_us']:>10,.0f}"
            f"{one['at_once_per_second']:>12,.0f}/s{one['batch_ms']:>13.2f} ms"
            for level, one in by_level.items()
        ]
    return lines


async def run(stores: dict[str, str], redis_url: str) -> dict[str, Any]:
    """Measure everything.

    Args:
        stores: URL by name of the store.
        redis_url: Where L2 is.
    """
    values = documents()
    found: dict[str, Any] = {"hit": await hit_microseconds(values), "stores": {}}
    for name, url in stores.items():
        try:
            found["stores"][name] = await over(url, redis_url, values)
        except MasteryError as error:
            print(f"{name} was not measured: {error.message}", file=sys.stderr)
    return found


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/cache.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    redis_url = os.environ.get("MASTERY_TEST_REDIS") or addresses(["redis"], print)["redis"]
    stores = {"sqlite": "", "redis": redis_url}
    sidecar = os.environ.get("MASTERY_TEST_DAPR")
    if sidecar:
        stores["dapr"] = f"dapr://{sidecar}/statestore"
    about = machine() | {name: version(name) for name in ("redis", "hiredis")}
    figures = {"machine": about} | asyncio.run(run(stores, redis_url))
    lines = [*(f"{name:<15} {value}" for name, value in about.items()), "", *report(figures)]
    print(json.dumps(figures, indent=2) if arguments.json else "\n".join(lines))
    if arguments.keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "cache.json").write_text(json.dumps(figures, indent=2) + "\n")
        (RESULTS / "cache.txt").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
