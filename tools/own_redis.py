"""A Redis of one's own, which may be killed, frozen and started again on the same data and port."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tools.services import redis as service
from tools.services.processes import free_ports, spawn
from tools.services.service import Launch, tell_nobody
from tools.waiting import until


class OwnRedis:
    """A server, a replica, a node of a cluster or a sentinel, in a folder of its own."""

    def __init__(self, folder: Path, *options: str, sentinel: bool = False) -> None:
        self._options = options
        self._sentinel = sentinel
        self.folder = folder
        (self.port,) = free_ports(1, [])
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def pid(self) -> int:
        """Number of its process; 0 while it does not run."""
        return 0 if self._process is None else self._process.pid

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self, password: str | None = None, **tls: Any) -> None:
        """Return once it answers."""
        await asyncio.to_thread(service.Redis().fetch, tell_nobody)
        log = self.folder / "server.log"
        with log.open("ab") as stream:
            process = self._process = spawn(self.launch, stream)
        client: Any = Redis(host="127.0.0.1", port=self.port, password=password, **tls)

        async def ready() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")[-2_000:]
            try:
                return bool(await client.ping())
            except (RedisError, OSError):
                return False

        await until(ready)
        await client.aclose()

    async def kill(self) -> None:
        """As an out-of-memory killer does; it may be started again, on the same port."""
        await self.stop(signal.SIGKILL)

    async def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Return once it has ended of this signal."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            await asyncio.to_thread(process.wait, 40)

    def freeze(self) -> None:
        """Let it fall silent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> Any:
        """A client, to be closed by whoever asks."""
        return Redis(host="127.0.0.1", port=self.port, protocol=2)

    async def tell(self, *command: str | int) -> Any:
        """The answer to a command, as the server gives it."""
        client = self.client()
        client.response_callbacks.clear()
        try:
            return await client.execute_command(*command)
        finally:
            await client.aclose()

    @property
    def launch(self) -> Launch:
        """How it is started."""
        launch = service.Redis().launch(self.folder, [self.port])
        if not self._sentinel:
            # The last one counts.
            return replace(launch, argv=[*launch.argv, *self._options])
        settings = self.folder / "sentinel.conf"
        if not settings.exists():
            lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}", *self._options]
            settings.write_text("\n".join(lines) + "\n")
        return replace(launch, argv=[launch.argv[0], str(settings), "--sentinel"])
