"""A process that folds for its parent, which holds the lock: `python -m mastery_engine.worker.on_request`.

The parent goes on reading and appending meanwhile, on another core; see `bootstrap.folding_process`. The end of standard input,
however the parent ends, ends this process too, after the step under way.
"""

from __future__ import annotations

import asyncio
import sys
from typing import BinaryIO, final

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.folding_messages import Answer, Drained, Ready, Stepped, begun, failure, told
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.step import StepReport
from mastery_engine.engine.work import Worker


class _ParentGone(Exception):
    """Nobody waits for what is being folded."""


@final
class _Parent:
    """What the parent asks, and where the answers go."""

    def __init__(self, lines: asyncio.StreamReader, answers: BinaryIO) -> None:
        self._lines = lines
        self._answers = answers

    async def ask(self) -> bytes:
        """The next line; empty when the parent has gone."""
        return await self._lines.readline()

    def tell(self, answer: Answer) -> None:
        """Answer.

        Raises:
            _ParentGone: Nobody listens.
        """
        if self._lines.at_eof():
            raise _ParentGone
        try:
            self._answers.write(told(answer))
            self._answers.flush()
        except BrokenPipeError:
            raise _ParentGone from None

    def stepped(self, report: StepReport) -> None:
        """Tell of a step; between two steps is where folding for a parent that has gone ends."""
        self.tell(Stepped(report))


async def _serve(parent: _Parent) -> None:
    settings, batch_size, share = begun(await parent.ask())
    configure_logs(settings)
    try:
        async with open_engine(settings) as engine, engine.worker(batch_size, share) as worker:
            parent.tell(Ready())
            while await parent.ask():
                await _drain(worker, parent)
    except MasteryError as error:
        parent.tell(failure(error))


async def _drain(worker: Worker, parent: _Parent) -> None:
    try:
        total = await worker.drain(parent.stepped)
    except MasteryError as error:
        parent.tell(failure(error))
    else:
        parent.tell(Drained(total))


async def _main() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer)
    try:
        await _serve(_Parent(lines, sys.stdout.buffer))
    except _ParentGone:
        return
    finally:
        transport.close()


if __name__ == "__main__":
    asyncio.run(_main())
