"""A thousand streams at once, and a reader that takes nothing, in a process whose memory is looked at."""

from __future__ import annotations

import asyncio
import gc
import resource
from pathlib import Path
from typing import cast

import pytest

from tests.api.streams import Live, open_live

STREAMS = 1_000
MOST_BYTES_EACH = 200_000
SNAPSHOT, UPDATE = b"event: snapshot", b"event: update"


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


class Connection:
    """A stream as bytes of a socket: a client of HTTP would cost more than what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, live: Live, token: str) -> Connection:
        host, port = live.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        path = "/api/v1/students/amal/stream"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        return cls(reader, writer)

    async def until(self, marker: bytes) -> None:
        async with asyncio.timeout(60):
            await self.reader.readuntil(marker)

    def close(self) -> None:
        self.writer.transport.abort()


async def test_a_thousand_streams_each_get_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * STREAMS + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8 * STREAMS), hard))
    async with open_live(most_connections=2 * STREAMS) as live:
        monkeypatch.setattr(live.seats, "_of_a_caller", STREAMS)
        await live.teach("amal")
        gc.collect()
        before = resident_bytes()
        connections: list[Connection] = []
        # So many callers that the rate of none is reached.
        tokens = [live.token(f"head-{number}", "admin") for number in range(10)]
        for number in range(STREAMS):
            connections.append(await Connection.open(live, tokens[number % len(tokens)]))
            if len(connections) % 50 == 0:
                await asyncio.gather(*(one.until(SNAPSHOT) for one in connections[-50:]))
        await live.streams_are(STREAMS)
        each = (resident_bytes() - before) / STREAMS
        live.clock.turn(1)
        await live.teach("amal")
        await asyncio.gather(*(one.until(UPDATE) for one in connections))
        for one in connections:
            one.close()
        await live.streams_are(0)
    print(f"{STREAMS} streams, {each / 1_000:.1f} kB each with its reader")  # noqa: T201 - shown with -s
    assert each < MOST_BYTES_EACH


async def test_a_reader_that_takes_nothing_is_let_go_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mastery_engine.api.long_answer.SEND_SECONDS", 0.2)
    # As if each moment filled what is on its way to the reader.
    monkeypatch.setattr("mastery_engine.api.event_stream._BEAT", b":" + b" " * (1 << 22) + b"\n\n")
    async with open_live() as live:
        await live.teach("amal")
        slow = await Connection.open(live, live.token("head", "admin"))
        quick = await Connection.open(live, live.token("amal", "student"))
        await asyncio.gather(slow.until(SNAPSHOT), quick.until(SNAPSHOT))
        await live.streams_are(2)
        cast("asyncio.ReadTransport", slow.writer.transport).pause_reading()

        async def take() -> None:
            while await quick.reader.read(1 << 20):
                pass

        taking = asyncio.create_task(take())
        async with asyncio.timeout(30):
            while live.hub.open == 2:
                live.clock.turn(15)
                await asyncio.sleep(0.01)
        assert live.hub.open == 1
        taking.cancel()
        slow.close()
        quick.close()
        await live.streams_are(0)
