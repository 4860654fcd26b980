"""A PostgreSQL of one's own, which may be killed and started again on the same data and port."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from tools.services import postgres as service
from tools.services.processes import free_ports, spawn
from tools.services.service import tell_nobody
from tools.waiting import until


class OwnPostgres:
    """A server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = free_ports(1, [])
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Its maintenance database."""
        return service.Postgres().address(self._ports)

    async def start(self) -> None:
        """Return once it answers; what it was killed in the middle of is recovered then."""
        server = service.Postgres()
        await asyncio.to_thread(server.fetch, tell_nobody)
        launch = await asyncio.to_thread(server.launch, self.folder, self._ports)
        log = self.folder / "server.log"
        with log.open("ab") as stream:
            process = self._process = spawn(launch, stream)

        async def ready() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")[-2_000:]
            return await asyncio.to_thread(server.is_ready, self._ports)

        await until(ready)

    async def kill(self) -> None:
        """As an out-of-memory killer does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.wait, 40)
