"""Replaying in processes of their own, so that all cores have work."""

from __future__ import annotations

from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, final

from mastery_engine.bootstrap.child_process import ChildProcess, start
from mastery_engine.bootstrap.replay_parts import TopicCopy
from mastery_engine.bootstrap.replaying_messages import Answer, Replayed, begin, heard, told
from mastery_engine.config import Settings
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import Slice
from mastery_engine.engine.together import together

MODULE: Final = "mastery_engine.worker.replay_on_request"
END_SECONDS: Final = 30.0
"""In which one that was told to end has ended, or is killed: a switch is one conditional write."""
_GONE: Final = (
    "a process that replays has ended with status {status}, so not every student was looked at; "
    "what is done is kept: go on with --resume"
)


@final
class ReplayingProcess(ChildProcess[Answer]):
    """A process that rebuilds slices when it is asked to, and ends with this one."""

    def __init__(self, process: Process) -> None:
        """Use `replaying_apart`, which starts it."""
        super().__init__(process, heard, _GONE, END_SECONDS)

    async def rebuild(self, one: Slice) -> ReplayReport:
        """Let it rebuild a slice.

        Raises:
            MasteryError: Also when the process has ended.
        """
        await self.send(told(one))
        answer = await self.hear()
        assert isinstance(answer, Replayed), answer  # noqa: S101 - nothing else answers a slice
        return answer.report


@asynccontextmanager
async def replaying_apart(
    settings: Settings, copy: TopicCopy | None, processes: int
) -> AsyncGenerator[list[ReplayingProcess]]:
    """Start processes that replay.

    Args:
        settings: What is in force.
        copy: What to rebuild from; None means the archive.
        processes: How many.

    Raises:
        MasteryError: One cannot open what the settings name, or has not come up at all.
    """
    started: list[ReplayingProcess] = []
    try:
        for _ in range(processes):
            started.append(ReplayingProcess(await start(MODULE)))
            await started[-1].send(begin(settings, copy))
        for one in started:
            await one.hear()
        yield started
    finally:
        await together(*(process.end() for process in started))
