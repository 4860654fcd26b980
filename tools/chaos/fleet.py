"""Workers and an archiver as processes, and what befalls them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final, final

from tools.installation import Installation

MOST_WORKERS: Final = 4
NOTHING_MORE: Final[Mapping[str, tuple[int, Callable[[], Awaitable[None]]]]] = MappingProxyType({})
_END_SECONDS: Final = 60.0
_LONGEST_FREEZE_SECONDS: Final = 6.0
"""Twice the session timeout of the broker that is made for development: some wake up as zombies."""


class EndedByItself(Exception):
    """A process ended that nobody had ended."""


@final
class Fleet:
    """The processes of an installation.

    Attributes:
        faults: How often each kind was done.
    """

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        random: Random,
        more: Mapping[str, tuple[int, Callable[[], Awaitable[None]]]] = NOTHING_MORE,
    ) -> None:
        """Start nothing yet.

        Args:
            installation: What they work on.
            folder: For what they say.
            random: Chooses who and how long.
            more: Faults of others that come between, by name.
        """
        self._more = more
        self.faults: Counter[str] = Counter()
        self._installation = installation
        self._folder = folder
        self._random = random
        self._workers: list[subprocess.Popen[bytes]] = []
        self._archiver: subprocess.Popen[bytes] | None = None
        self._log_of: dict[int, Path] = {}
        self._started = 0

    def start(self, workers: int) -> None:
        """Start so many workers, and the archiver."""
        for _ in range(workers):
            self._workers.append(self._new("worker"))
        self._archiver = self._new("archiver")

    async def strike(self) -> str:
        """Do one fault of a kind chosen by chance; returns its name.

        Raises:
            EndedByItself: A process had ended before.
        """
        self.check()
        kinds: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "kill": (6, self._kill),
            "stop": (4, self._stop),
            "freeze": (4, self._freeze),
            "come": (2, self._come),
            "go": (2, self._go),
            "kill all": (1, self._kill_all),
            "kill archiver": (2, self._kill_archiver),
            **self._more,
        }
        (name,) = self._random.choices([*kinds], [weight for weight, _ in kinds.values()])
        await kinds[name][1]()
        self.faults[name] += 1
        return name

    def check(self) -> None:
        """See that everybody lives.

        Raises:
            EndedByItself: Somebody does not; the message holds the last words.
        """
        for process in [*self._workers, *([] if self._archiver is None else [self._archiver])]:
            code = process.poll()
            if code is not None:
                words = self._log_of[process.pid].read_text(errors="replace")[-2_000:]
                raise EndedByItself(f"a process ended by itself with code {code}:\n{words}")

    async def end(self) -> None:
        """End everybody, whatever state they are in."""
        everybody = [*self._workers, *([] if self._archiver is None else [self._archiver])]
        self._workers, self._archiver = [], None
        for process in everybody:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in everybody:
            try:
                await asyncio.to_thread(process.wait, _END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)

    def _new(self, command: str) -> subprocess.Popen[bytes]:
        self._started += 1
        log = self._folder / f"{command}-{self._started:03}.log"
        with log.open("wb") as said:
            process = self._installation.start(command, said=said)
        assert process.stdout is not None
        process.stdout.close()
        self._log_of[process.pid] = log
        return process

    def _victim(self) -> int:
        return self._random.randrange(len(self._workers))

    async def _kill(self) -> None:
        place = self._victim()
        await _killed(self._workers[place])
        self._workers[place] = self._new("worker")

    async def _kill_all(self) -> None:
        await asyncio.gather(*map(_killed, self._workers))
        self._workers = [self._new("worker") for _ in self._workers]

    async def _kill_archiver(self) -> None:
        if self._archiver is not None:
            await _killed(self._archiver)
            self._archiver = self._new("archiver")

    async def _stop(self) -> None:
        await self._go_one(self._victim())
        self._workers.append(self._new("worker"))

    async def _freeze(self) -> None:
        process = self._workers[self._victim()]
        process.send_signal(signal.SIGSTOP)
        seconds = self._random.uniform(0.1, _LONGEST_FREEZE_SECONDS)
        # Other faults go on meanwhile, and may kill it; a signal to who has ended does nothing.
        asyncio.get_running_loop().call_later(seconds, process.send_signal, signal.SIGCONT)

    async def _come(self) -> None:
        if len(self._workers) < MOST_WORKERS:
            self._workers.append(self._new("worker"))

    async def _go(self) -> None:
        if len(self._workers) > 1:
            await self._go_one(self._victim())

    async def _go_one(self, place: int) -> None:
        process = self._workers.pop(place)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        code = await asyncio.to_thread(process.wait, _END_SECONDS)
        # Asked to end before it could listen, it ends by the signal.
        if code not in {0, -signal.SIGTERM}:
            words = self._log_of[process.pid].read_text(errors="replace")[-2_000:]
            raise EndedByItself(f"a worker that was asked to end did so with code {code}:\n{words}")


async def _killed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    await asyncio.to_thread(process.wait)
