"""A broker of a test's own, which may be ended, killed and started again on the same data and ports."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from pathlib import Path

from tests.integration.kafka_house import until
from tools.services.kafka import Kafka
from tools.services.processes import free_ports, spawn
from tools.services.service import tell_nobody


class OwnBroker:
    """Kafka, in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self._kafka = Kafka()
        self._folder = folder
        self._ports = free_ports(self._kafka.ports, [])
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def address(self) -> str:
        return self._kafka.address(self._ports)

    async def start(self) -> None:
        """Return once it answers."""
        await asyncio.to_thread(self._kafka.fetch, tell_nobody)
        launch = await asyncio.to_thread(self._kafka.launch, self._folder, self._ports)
        log = self._folder / "server.log"

        with log.open("ab") as stream:
            process = self._process = spawn(launch, stream)

        async def ready() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")[-2_000:]
            return await asyncio.to_thread(self._kafka.is_ready, self._ports)

        await until(ready)

    async def stop(self, number: signal.Signals) -> None:
        """Return once it has ended of this signal."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            await asyncio.to_thread(process.wait, 40)
