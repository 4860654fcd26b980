"""What is measured of a service that runs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.api.school import BATCH, batches, bearer, questions, students
from benchmarks.api.sending import Connection, request_of, send

RATES: Final = (250, 500, 750, 1_000, 1_250, 1_500)
TOO_LATE_MS: Final = 100.0
_BATCHES: Final = 8
"""1,000 students at once, so often; a school's admin may ask 50 times a minute."""


async def take_events(url: str, secret: str, count: int) -> dict[str, Any]:
    """Events in, by batches of 1,000, two at a time; the rate at which they were accepted."""
    requests = list(batches(secret, count))
    began = time.perf_counter()
    sent = await send(url, requests, 10_000.0, len(requests) / 10_000.0)
    took = time.perf_counter() - began
    if sent["statuses"] != {202: len(requests)}:
        raise SystemExit(f"events were not taken: {sent['statuses']}, {sent['lost']} lost")
    return {"events": len(requests) * BATCH, "rate": len(requests) * BATCH / took}


async def ask(url: str, requests: list[bytes], rate: float, seconds: float) -> dict[str, Any]:
    """Questions at a rate, sent by a process of its own."""
    told = {
        "url": url,
        "requests": [one.decode("latin-1") for one in requests],
        "rate": rate,
        "seconds": seconds,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.api.sending",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(json.dumps(told).encode())
    sent: dict[str, Any] = json.loads(out)
    latencies: list[float] = sent.pop("latencies")
    at = {
        f"p{part}": 1_000 * latencies[min(len(latencies) - 1, len(latencies) * part // 100)]
        for part in (50, 95, 99)
    }
    return sent | {"asked_rate": rate, **at}


async def climb(url: str, requests: list[bytes], seconds: float) -> list[dict[str, Any]]:
    """Rate after rate, until the P95 is too late or answers are no good ones."""
    found: list[dict[str, Any]] = []
    for rate in RATES:
        found.append(await ask(url, requests, rate, seconds))
        last = found[-1]
        if last["p95"] > TOO_LATE_MS or last["lost"] or set(last["statuses"]) != {"200"}:
            break
    return found


async def many_at_once(url: str, secret: str, asking: list[str]) -> list[float]:
    """Seconds from asking after 1,000 students to the whole answer, each time."""
    loop = asyncio.get_running_loop()
    told = bearer(secret, "head", "admin")
    body = msgspec.json.encode({"student_ids": asking[:1_000]})
    host, port = url.removeprefix("http://").rsplit(":", 1)
    _, connection = await loop.create_connection(Connection, host, int(port))
    found: list[float] = []
    for _ in range(_BATCHES):
        began = time.perf_counter()
        status = await connection.ask(request_of("POST", "/api/v1/batch/mastery", told, body))
        found.append(time.perf_counter() - began)
        if status not in {200, 202}:
            raise SystemExit(f"1,000 students at once: {status}")
    return sorted(found)


async def measure(url: str, secret: str, count: int, seconds: float) -> dict[str, Any]:
    """Everything of one service."""
    asking = students(count)
    figures: dict[str, Any] = {"ingest": await take_events(url, secret, count)}
    await ask(url, questions(secret, asking), 100, 5)
    figures["query"] = await climb(url, questions(secret, asking), seconds)
    figures["batch"] = await many_at_once(url, secret, asking)
    return figures


def size_of(home: Path) -> int:
    """Bytes of the files."""
    return sum(file.stat().st_size for file in home.iterdir() if file.is_file())
