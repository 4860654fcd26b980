"""Folding in processes of their own, so that all cores have work."""

from __future__ import annotations

from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final, final

from mastery_engine.bootstrap.child_process import ChildProcess, start
from mastery_engine.bootstrap.folding_messages import DRAIN, Answer, Drained, Stepped, begin, heard
from mastery_engine.config import Settings
from mastery_engine.engine.step import StepReport, summed
from mastery_engine.engine.together import together
from mastery_engine.ports import Share

PROCESSES: Final = 2
"""More take memory, and gain nothing on two cores."""
MODULE: Final = "mastery_engine.worker.on_request"
_GONE: Final = (
    "the process that folds has ended with status {status}; nothing is lost: run the same command again"
)


@final
class FoldingProcess(ChildProcess[Answer]):
    """A process that folds when it is asked to, and ends with this one."""

    def __init__(self, process: Process) -> None:
        """Use `folding_apart`, which starts it."""
        super().__init__(process, heard, _GONE)

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
            started.append(FoldingProcess(await start(MODULE)))
            await started[-1].send(begin(settings, batch_size, Share(number, processes)))
        for one in started:
            await one.hear()
        yield FoldingProcesses(started)
    finally:
        await together(*(process.end() for process in started))
