"""What does not go through the worker: from an event to its visible update, the archive, and a replay of it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import sql

from benchmarks.processes import run
from benchmarks.stream.school import DAYS, STUDENTS, events
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.adapters.postgres.upgrade import upgrade_schema
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.ports import ArchivedEvent
from tools.installation import Installation

SECONDS: Final = 20
_BATCH: Final = 5_000


def latency(installation: Installation, rate: float) -> dict[str, float]:
    """A load at a rate, on a worker that is waited for.

    Args:
        installation: With topics that are empty.
        rate: Events a second.
    """
    # The first load is over before the clock of the second one begins: the worker has its partitions and its code.
    worker = installation.start("worker", said=subprocess.DEVNULL)
    try:
        _load(installation, 200.0, 1_000, 2)
        told = _load(installation, rate, round(rate * SECONDS), 3)
    finally:
        worker.terminate()
        worker.communicate()
    found: dict[str, float] = told["latency_ms"]
    return {"rate": told["rate"], "without_update": told["without_update"], **found}


def _load(installation: Installation, rate: float, count: int, seed: int) -> dict[str, Any]:
    load = installation.start(
        *("simulate", "--to", "kafka", "--json", "--tenant", "default", "--seed", str(seed)),
        *("--students", str(STUDENTS), "--days", str(DAYS), "--late", "0", "--repeated", "0"),
        *("--rate", str(rate), "--events", str(count)),
    )
    output, errors = load.communicate()
    if not output:
        raise RuntimeError(f"the load failed: {errors.decode()[-2_000:]}")
    told: dict[str, Any] = json.loads(output)
    return told


async def archive(url: str, count: int) -> float:
    """Events a second into the archive on PostgreSQL, in batches as an archiver has them, each durable when it returns.

    Args:
        url: Of a database to connect to; one of its own is made beside it, and dropped.
        count: Events.
    """
    name = f"bench_{uuid4().hex}"
    base, _, _ = url.rpartition("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        await upgrade_schema(f"{base}/{name}", None)
        records = await open_postgres(f"{base}/{name}", SystemClock(), Pseudonyms(bytes(32)))
        some = [
            ArchivedEvent(
                one.tenant_id,
                one.event_id,
                one.student_id,
                one.timestamp // DAY_MS,
                one.timestamp,
                "topic",
                0,
                place,
                one.timestamp,
                encode_event(one),
            )
            for place, one in enumerate(events(count))
        ]
        begin = time.perf_counter()
        for start in range(0, len(some), _BATCH):
            await records.archive.add(some[start : start + _BATCH])
        seconds = time.perf_counter() - begin
        await records.close()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    return len(some) / seconds


def replay(folder: Path) -> dict[str, float]:
    """A replay of a whole embedded archive, every student compared.

    Args:
        folder: For the files.
    """
    school = ["--students", str(STUDENTS), "--days", str(DAYS), "--tenant", "school"]
    taken = json.loads(run(["simulate", *school, "--json"], folder).output)
    replayed = run(["replay", "--all", "--dry-run", "--tenant", "school", "--json"], folder)
    return {"events": taken["folded"], "per_second": taken["folded"] / replayed.wall}
