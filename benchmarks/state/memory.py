"""What a state of OULAD's students takes of Redis, by kind of key."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, cast

from redis.asyncio import Redis

from benchmarks.processes import run
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.state import RedisStateStore, open_redis_store
from mastery_engine.contracts import keys
from mastery_engine.ports import Write

PRESENTATION: Final = "2014B"
TENANT: Final = "oulad"
STUDENTS: Final = 50_000
_SAMPLES: Final = 2_000
_BATCH: Final = 2_000
_KINDS: Final[Mapping[str, str]] = {
    "document": r"student:[^:]+:profile:current_mastery",
    "day": r"student:[^:]+:mastery:[\d-]+",
    "component of a day": r"student:[^:]+:mastery:[\d-]+:[a-z]+",
    "recent activity": r"student:[^:]+:activity:recent",
    "processed event": r"processed:[0-9a-f-]+",
}


async def measure(url: str, data: Path, home: Path, students: int = STUDENTS) -> dict[str, Any]:
    """Import a presentation into an empty Redis, then give its documents to as many students as there shall be.

    Args:
        url: Of a Redis with nothing in it.
        data: Folder of the tables.
        home: For the files beside it.
        students: How many documents there are in the end.
    """
    run(["import", "oulad", str(data), "--presentation", PRESENTATION, "--tenant", TENANT, "--json"], home)
    client: Any = cast("Any", Redis).from_url(url)
    kinds = await by_kind(client)
    store = open_redis_store(read_address("the benchmark's", url), SystemClock())
    documents = [name async for name in _documents(client)]
    used = (await client.info("memory"))["used_memory"]
    added = await _give(store, documents, students - len(documents))
    grown = (await client.info("memory"))["used_memory"] - used
    await store.close()
    await client.aclose()
    return {
        "students": len(documents) + added,
        "of_the_presentation": len(documents),
        "kinds": kinds,
        "bytes_a_further_document": grown / added if added else 0.0,
    }


async def by_kind(client: Any) -> dict[str, dict[str, float]]:
    """For each kind of key how many there are, and the median of `MEMORY USAGE` of a sample.

    Args:
        client: Of a Redis.
    """
    patterns = {name: re.compile(rf"(school:[^:]+:)?{one}") for name, one in _KINDS.items()}
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = defaultdict(list)
    random = Random(1)
    async for raw in client.scan_iter(count=_BATCH):
        key = raw.decode()
        kind = next((name for name, one in patterns.items() if one.fullmatch(key)), None)
        if kind is None:
            continue
        counts[kind] += 1
        # Each key of a kind has the same chance, however many there turn out to be.
        held = samples[kind]
        if len(held) < _SAMPLES:
            held.append(key)
        elif (place := random.randrange(counts[kind])) < _SAMPLES:
            held[place] = key
    return {name: {"keys": counts[name], **await _sizes(client, samples[name])} for name in _KINDS}


async def _sizes(client: Any, names: Sequence[str]) -> dict[str, float]:
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.memory_usage(name, samples=0)
        pipeline.hstrlen(name, "data")
    told = await pipeline.execute()
    if not told:
        return {"memory_usage": 0, "p95": 0, "value": 0}
    usage = sorted(told[::2])
    return {
        "memory_usage": statistics.median(usage),
        "p95": usage[int(len(usage) * 0.95)],
        "value": statistics.median(told[1::2]),
    }


async def _documents(client: Any) -> AsyncIterator[str]:
    async for name in client.scan_iter(f"{keys.learner(TENANT, '')}*:profile:current_mastery", _BATCH):
        yield name.decode()


async def _give(store: RedisStateStore, documents: Sequence[str], count: int) -> int:
    """Write so many documents of further students, each a copy of one that there is."""
    added = 0
    while added < count:
        some = [documents[(added + place) % len(documents)] for place in range(min(_BATCH, count - added))]
        found = await store.get_many(some)
        writes = [
            Write(keys.document(TENANT, f"further-{added + place}"), entry.value)
            for place, entry in enumerate(found)
            if entry is not None
        ]
        await store.write_many(writes)
        added += len(writes)
    return added
