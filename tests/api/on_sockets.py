"""A small school behind a real server of this loop, for those who speak HTTP byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import httpx2

from mastery_engine.api.app import create_app
from mastery_engine.api.listening import listening, server_of, tls_of
from mastery_engine.bootstrap import open_engine
from tests.api.school import School, StillClock, trial_settings

QUERY = "/api/v1/mastery/query"


class Stream(NamedTuple):
    """A connection as bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def rest(self) -> bytes:
        """What comes until the other side hangs up."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    async def close(self) -> None:
        self.writer.close()


class Running(NamedTuple):
    """A server of this loop."""

    school: School
    port: int

    async def connect(self, sent: bytes = b"") -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return Stream(reader, writer)

    @property
    def url(self) -> str:
        return str(self.school.http.base_url)

    def head(self, length: int | None = None, path: str = QUERY) -> bytes:
        token = self.school.token("head", "admin")
        sized = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\n{sized}\r\n\r\n"
        ).encode()


@asynccontextmanager
async def running(**given: object) -> AsyncGenerator[Running]:
    settings = trial_settings(**given)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings, StillClock()))
        listener = stack.enter_context(listening("127.0.0.1", 0))
        tls = tls_of(settings)
        app = create_app(settings, engine)
        server = server_of(settings, app, tls)
        served = asyncio.create_task(server.serve(sockets=[listener]))
        port: int = listener.getsockname()[1]
        url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, verify=False))
        yield Running(School(engine, http, settings, app), port)
        server.should_exit = True
        await served
