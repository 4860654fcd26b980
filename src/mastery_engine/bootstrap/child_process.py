"""A process of our own that answers lines with lines, so that another core has work."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from mastery_engine.bootstrap.folding_messages import Failed, error_of
from mastery_engine.domain.errors import MasteryError

A = TypeVar("A")
LONGEST_LINE: Final = 1 << 28
"""Bytes; an answer may name every student of a part."""


async def start(module: str) -> Process:
    """Start a module of ours. In a session of its own: Ctrl-C is for the parent, which lets it end well."""
    return await create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,
        limit=LONGEST_LINE,
    )


class ChildProcess(Generic[A]):
    """A process that does what it is asked to, and ends with this one."""

    def __init__(
        self, process: Process, heard: Callable[[bytes], A], gone: str, end_seconds: float | None = None
    ) -> None:
        """Talk to a process.

        Args:
            process: From `start`.
            heard: Reads an answer.
            gone: What to tell where it has ended unasked; its `{status}` stands for the exit status.
            end_seconds: In which one that was told to end has ended, or is killed; None waits for however long it takes.
        """
        self._process = process
        self._heard = heard
        self._gone = gone
        self._end_seconds = end_seconds
        assert process.stdin is not None  # noqa: S101 - pipes were asked for
        assert process.stdout is not None  # noqa: S101 - as above
        self._stdin, self._stdout = process.stdin, process.stdout

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    async def send(self, line: bytes) -> None:
        """Say something; that it has ended is told by `hear`."""
        with suppress(ConnectionError):
            self._stdin.write(line)
            await self._stdin.drain()

    async def hear(self) -> A:
        """The next answer.

        Raises:
            MasteryError: The answer is an error, or the process has ended.
        """
        line = await self._stdout.readline()
        if not line.endswith(b"\n"):
            raise MasteryError(self._gone.format(status=await self._process.wait()))
        answer = self._heard(line)
        if isinstance(answer, Failed):
            raise error_of(answer)
        return answer

    async def end(self) -> None:
        """Let it finish what is under way, and wait for its end; kill it if that takes too long."""
        self._stdin.close()
        with suppress(ConnectionError):
            await self._stdin.wait_closed()
        try:
            async with asyncio.timeout(self._end_seconds):
                while await self._stdout.read(1 << 16):
                    pass
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
