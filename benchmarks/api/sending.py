"""Requests at a steady rate over kept connections, in a process of their own; and how long each took from when it was due.

A request that finds every connection busy waits, and its wait counts: a service that stalls for a second is late for all
that were due in it, and not for one alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from typing import Any, Final, final
from urllib.parse import urlsplit

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
CONNECTIONS: Final = 64
_LATEST_SECONDS: Final = 30.0


@final
class Connection(asyncio.Protocol):
    """One request after another; the answer is read to its end and no further looked at than its status."""

    def __init__(self) -> None:
        """Make one that is not connected yet."""
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Tell the status once the answer is whole."""
        self._read += data
        head = self._read.find(_END)
        if head < 0 or self._answered is None:
            return
        at = self._read.lower().find(_LENGTH, 0, head)
        length = int(self._read[at + len(_LENGTH) : self._read.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self._read) >= head + len(_END) + length:
            status = int(self._read[9:12])
            self._read.clear()
            self._answered.set_result(status)
            self._answered = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Who waits for an answer gets none."""
        self._transport = None
        if self._answered is not None:
            self._answered.set_exception(exc or ConnectionResetError("closed"))
            self._answered = None

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; its status comes with the whole answer."""
        assert self._transport is not None, "it is open"
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered


async def send(
    url: str, requests: list[bytes], rate: float, seconds: float, connections: int = CONNECTIONS
) -> dict[str, Any]:
    """Send at a steady rate, the requests in turn.

    Args:
        url: Where the service listens.
        requests: Whole requests.
        rate: Requests a second.
        seconds: For so long.
        connections: Most requests under way; further ones that are due wait.

    Returns:
        `latencies` in seconds, sorted; `statuses` by number; `lost`, whose connection broke; and the rate that was reached.
    """
    loop = asyncio.get_running_loop()
    where = urlsplit(url)
    host, port = str(where.hostname), where.port or 80
    free: deque[Connection] = deque()
    for _ in range(connections):
        _, made = await loop.create_connection(Connection, host, port)
        free.append(made)
    room = asyncio.Semaphore(connections)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    lost = 0

    async def one(number: int, due: float) -> None:
        nonlocal lost
        async with room:
            connection = free.popleft()
            try:
                if not connection.is_open:
                    _, connection = await loop.create_connection(Connection, host, port)
                statuses[await connection.ask(requests[number % len(requests)])] += 1
            except OSError:
                lost += 1
            finally:
                free.append(connection)
        latencies.append(time.perf_counter() - due)

    began = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.wait(tasks, timeout=_LATEST_SECONDS)
    for task in tasks:
        task.cancel()
    took = time.perf_counter() - began
    return {
        "latencies": sorted(latencies),
        "statuses": dict(statuses),
        "lost": lost + len(tasks) - len(latencies),
        "rate": len(latencies) / took,
    }


def request_of(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A whole request of HTTP/1.1."""
    told = {"Host": "localhost", **headers}
    if body:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + _END + body


def main() -> None:
    """Read what to send from standard input as JSON, and tell what came of it."""
    asked = json.load(sys.stdin)
    requests = [one.encode("latin-1") for one in asked["requests"]]
    json.dump(asyncio.run(send(asked["url"], requests, asked["rate"], asked["seconds"])), sys.stdout)


if __name__ == "__main__":
    main()
