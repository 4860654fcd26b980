"""What is measured of a service that runs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, Final

import httpx

from benchmarks.api.school import BATCH, batches, bearer, questions, students
from benchmarks.api.sending import send

RATES: Final = (250, 500, 750, 1_000, 1_250, 1_500)
TOO_LATE_MS: Final = 100.0
_BATCHES: Final = 8
_SENDERS: Final = 2
_LOOKING_SECONDS: Final = 0.02


async def take_events(url: str, secret: str, count: int) -> dict[str, Any]:
    """Events in, by batches of 1,000, two at a time; the rate at which they were accepted."""
    requests = list(batches(secret, count))
    began = time.perf_counter()
    sent = await send(url, requests, 10_000.0, len(requests) / 10_000.0, _SENDERS)
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


async def many_at_once(url: str, secret: str, asking: list[str], rounds: int = _BATCHES) -> list[float]:
    """Seconds from asking after 1,000 students until the job that answers it is done, as its asker sees it, each time."""
    found: list[float] = []
    async with httpx.AsyncClient(base_url=url) as http:
        for number in range(rounds):
            # Another one each time: an admin may ask 50 times a minute.
            told = bearer(secret, f"head-{number}", "admin")
            began = time.perf_counter()
            answer = await http.post(
                "/api/v1/batch/mastery", json={"student_ids": asking[:1_000]}, headers=told
            )
            while _state(answer) in {"queued", "running"}:
                await asyncio.sleep(_LOOKING_SECONDS)
                answer = await http.get(
                    answer.headers.get("Location") or answer.request.url.path, headers=told
                )
            found.append(time.perf_counter() - began)
            if _state(answer) != "done":
                raise SystemExit(f"1,000 students at once: {answer.status_code} {answer.text[:300]}")
    return sorted(found)


def _state(answer: httpx.Response) -> str:
    """How the job of an answer stands; none of the known states where it tells of no job."""
    if not answer.is_success:
        return str(answer.status_code)
    data = answer.json()["data"]
    return str(data.get("job", data).get("state"))


async def measure(url: str, secret: str, count: int, seconds: float) -> dict[str, Any]:
    """Everything of one service."""
    asking = students(count)
    figures: dict[str, Any] = {"ingest": await take_events(url, secret, count)}
    await ask(url, questions(secret, asking), 100, 5)
    figures["query"] = await climb(url, questions(secret, asking), seconds)
    figures["batch"] = await many_at_once(url, secret, asking)
    return figures
