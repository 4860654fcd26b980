"""A Dapr sidecar of one's own, which may be killed and started again on the same ports."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tools.services.dapr import Ports, Sidecar, answers, http_address
from tools.services.processes import free_ports, spawn
from tools.waiting import until


class OwnSidecar:
    """A sidecar, with its log in a folder of its own; the fixture `daprd` has built its program before."""

    def __init__(self, folder: Path, how: Sidecar) -> None:
        self.how = how
        self.ports = Ports(*free_ports(len(Ports._fields), []))
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def grpc(self) -> str:
        """Its address for gRPC."""
        return f"127.0.0.1:{self.ports.grpc}"

    @property
    def http(self) -> str:
        """Its address for HTTP."""
        return http_address(self.ports)

    @property
    def log(self) -> str:
        """All that it has printed."""
        return (self._folder / "daprd.log").read_text(errors="replace")

    async def start(self) -> None:
        """Return once it is well and its components are loaded; its app may come later."""
        launch = self.how.launch(self._folder, self.ports)
        with (self._folder / "daprd.log").open("ab") as stream:
            process = self._process = spawn(launch, stream)

        async def ready() -> bool:
            assert process.poll() is None, self.log[-3_000:]
            return await asyncio.to_thread(answers, self.ports, "healthz/outbound")

        await until(ready)

    async def reach_app(self) -> None:
        """Return once it has found its app, and has subscribed for it."""

        async def well() -> bool:
            return await asyncio.to_thread(answers, self.ports, "healthz")

        await until(well)

    async def fail(self) -> str:
        """Start it where it cannot; what it says when it has ended."""
        launch = self.how.launch(self._folder, self.ports)
        with (self._folder / "daprd.log").open("ab") as stream:
            process = spawn(launch, stream)
        try:
            assert await asyncio.to_thread(process.wait, 30), "it ended well"
        finally:
            process.kill()
        return self.log

    async def kill(self) -> None:
        """As an out-of-memory killer does; it may be started again, on the same ports."""
        await self.stop(signal.SIGKILL)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Return once it has ended of this signal."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            await asyncio.to_thread(process.wait, 40)


@asynccontextmanager
async def own_sidecar(folder: Path, how: Sidecar) -> AsyncGenerator[OwnSidecar]:
    """One that runs, and is killed at the end."""
    made = OwnSidecar(folder, how)
    try:
        await made.start()
        yield made
    finally:
        await made.kill()
