"""A command of the program in a process of its own, and what it says on its way."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
from types import TracebackType
from typing import Self

from tests.integration.kafka_house import until
from tools.installation import Installation


class Telling:
    """Runs until it is left, and is ended then; its lines are kept."""

    def __init__(self, installation: Installation, *command: str) -> None:
        self.lines: list[str] = []
        self.process: subprocess.Popen[bytes] = installation.start(*command)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.decode())

    async def url(self, *words: str) -> str:
        """The first address in the line that holds these words."""
        line = self.lines[await self.says(*words) - 1]
        return re.findall(r"http://[0-9.:]+", line)[0]

    async def says(self, *words: str, after: int = 0) -> int:
        """Return once a line holds all of these words: how many lines there are up to it."""

        def place() -> int:
            found = (
                n for n, line in enumerate(self.lines) if n >= after and all(one in line for one in words)
            )
            return next(found, -1)

        async def said() -> bool:
            assert self.process.poll() is None, self.lines
            return place() >= 0

        await until(said)
        return place() + 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask it to end; whoever left without an error wants to see it end well."""
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, 30)
        finally:
            self.process.kill()
            self._reader.join()
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()
        if error is None:
            assert self.process.returncode == 0, self.lines
