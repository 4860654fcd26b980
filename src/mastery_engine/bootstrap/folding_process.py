"""Folding in processes of their own, so that all cores have work."""

from __future__ import annotations

import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, final

from mastery_engine.bootstrap.folding_messages import (
    DRAIN,
    Answer,
    Drained,
    Failed,
    Stepped,
    begin,
    error_of,
    heard,
)
from mastery_engine.config import Settings
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.step import StepReport, summed
from mastery_engine.engine.together import together
from mastery_engine.ports import Share

PROCESSES: Final = 2
"""More take memory, and gain nothing on two cores."""
MODULE: Final = "mastery_engine.worker.on_request"


@final
class FoldingProcess:
    """A process that folds when it is asked to, and ends with this one."""

    def __init__(self, process: Process) -> None:
        """Use `folding_apart`, which starts it."""
        self._process = process

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    async def drain(self, progress: Callable[[StepReport], None] | None = None) -> StepReport:
        """Let it fold until nothing is left; see `Worker.drain`.

        Raises:
            MasteryError: Also when the process has ended; nothing is lost, start again.
        """
        await self.send(DRAIN)
        while True:
            answer = await self.hear()
            if isinstance(answer, Drained):
                return answer.total
            if isinstance(answer, Stepped) and progress is not None:
                progress(answer.report)

    async def send(self, line: bytes) -> None:
        """Say something; that it has ended is told by `hear`."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(ConnectionError):
            stdin.write(line)
            await stdin.drain()

    async def hear(self) -> Answer:
        """The next answer.

        Raises:
            MasteryError: The answer is an error, or the process has ended.
        """
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - a pipe was asked for
        line = await stdout.readline()
        if not line.endswith(b"\n"):
            status = await self._process.wait()
            raise MasteryError(
                f"the process that folds has ended with status {status}; nothing is lost: run the same command again"
            )
        answer = heard(line)
        if isinstance(answer, Failed):
            raise error_of(answer)
        return answer

    async def end(self) -> None:
        """Let it finish the step under way, and wait for its end."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - pipes were asked for
        assert stdout is not None  # noqa: S101 - as above
        stdin.close()
        with suppress(ConnectionError):
            await stdin.wait_closed()
        while await stdout.readline():
            pass
        await self._process.wait()


@final
class FoldingProcesses:
    """Several that fold side by side, each its share of the partitions."""

    def __init__(self, processes: list[FoldingProcess]) -> None:
        """Use `folding_apart`, which starts them.

        Attributes:
            processes: All of them.
        """
        self.processes = processes

    async def drain(self, progress: Callable[[StepReport], None] | None = None) -> StepReport:
        """Let all fold until nothing is left; see `FoldingProcess.drain`."""
        totals: list[StepReport] = []

        async def drain(process: FoldingProcess) -> None:
            totals.append(await process.drain(progress))

        await together(*(drain(process) for process in self.processes))
        return summed(totals)


@asynccontextmanager
async def folding_apart(
    settings: Settings, batch_size: int, processes: int = PROCESSES
) -> AsyncGenerator[FoldingProcesses]:
    """Start processes that fold, for whoever holds the lock of the one that does.

    Args:
        settings: What is in force.
        batch_size: Most records in a step.
        processes: How many.

    Raises:
        MasteryError: One cannot open what the settings name, or has not come up at all.
    """
    started: list[FoldingProcess] = []
    try:
        for number in range(processes):
            # A session of its own: Ctrl-C is for the parent, which lets it end well.
            process = await create_subprocess_exec(
                sys.executable, "-P", "-m", MODULE, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
            started.append(FoldingProcess(process))
            await started[-1].send(begin(settings, batch_size, Share(number, processes)))
        for one in started:
            await one.hear()
        yield FoldingProcesses(started)
    finally:
        await together(*(process.end() for process in started))
