"""Replaying in processes of their own, so that all cores have work."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, final

from mastery_engine.bootstrap.folding_messages import Failed, error_of
from mastery_engine.bootstrap.replay_parts import TopicCopy
from mastery_engine.bootstrap.replaying_messages import Answer, Replayed, begin, heard, told
from mastery_engine.config import Settings
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import Slice
from mastery_engine.engine.together import together

MODULE: Final = "mastery_engine.worker.replay_on_request"
END_SECONDS: Final = 30.0
"""In which one that was told to end has ended, or is killed: a switch is one conditional write."""
# A line names all differences of a slice.
_LONGEST_LINE: Final = 1 << 28


@final
class ReplayingProcess:
    """A process that rebuilds batches when it is asked to, and ends with this one."""

    def __init__(self, process: Process) -> None:
        """Use `replaying_apart`, which starts it."""
        self._process = process

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    async def rebuild(self, one: Slice) -> ReplayReport:
        """Let it rebuild a slice.

        Raises:
            MasteryError: Also when the process has ended.
        """
        await self.send(told(one))
        answer = await self.hear()
        assert isinstance(answer, Replayed), answer  # noqa: S101 - nothing else answers a slice
        return answer.report

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
                f"a process that replays has ended with status {status}, so not every student was looked at; "
                "what is done is kept: go on with --resume"
            )
        answer = heard(line)
        if isinstance(answer, Failed):
            raise error_of(answer)
        return answer

    async def end(self) -> None:
        """Let it finish its slice, and wait for its end; kill it if that takes too long."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - pipes were asked for
        assert stdout is not None  # noqa: S101 - as above
        stdin.close()
        with suppress(ConnectionError):
            await stdin.wait_closed()
        try:
            async with asyncio.timeout(END_SECONDS):
                while await stdout.read(1 << 16):
                    pass
        except TimeoutError:
            self._process.kill()
        await self._process.wait()


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
            # A session of its own: Ctrl-C is for the parent, which lets it end well.
            process = await create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                MODULE,
                stdin=PIPE,
                stdout=PIPE,
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
            started.append(ReplayingProcess(process))
            await started[-1].send(begin(settings, copy))
        for one in started:
            await one.hear()
        yield started
    finally:
        await together(*(process.end() for process in started))
