"""What can befall the way to a server: a proxy that cuts, refuses and falls silent."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

_ONCE_MORE_SECONDS = 1
PORTS = {"http": 80, "postgresql": 5432, "redis": 6379}


class Proxy:
    """Between a client and the server of a URL, on a port of its own."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self.most_at_once = 0
        self._at_once = 0
        self.seconds = 0.0
        """How long each piece is held on its way."""

    @property
    def url(self) -> str:
        """The same, by way of the proxy; users of a database get a password."""
        user = f"{self._url.username or 'postgres'}:hush@" if self._url.scheme == "postgresql" else ""
        return self._url._replace(netloc=f"{user}127.0.0.1:{self._port}").geturl()

    async def up(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse, and cut what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=_ONCE_MORE_SECONDS)
            # What had been accepted before, and began to be served only now.
            self.cut()

    def cut(self) -> None:
        self._open.set()
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> None:
        """Take what comes, and pass nothing on."""
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._url.port or PORTS[self._url.scheme]
        there, back = await asyncio.open_connection(self._url.hostname, port)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        both = {asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer))}
        self._tasks |= both
        self._writers |= {writer, back}
        await asyncio.wait(both)
        self._at_once -= 1
        self._tasks -= both
        self._writers -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                await asyncio.sleep(self.seconds)
                writer.write(data)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
