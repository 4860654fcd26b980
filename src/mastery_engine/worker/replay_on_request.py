"""A process that rebuilds students for its parent, a slice at a time: `python -m mastery_engine.worker.replay_on_request`.

See `bootstrap.replaying_process`. The end of standard input, however the parent ends, ends this process too, after the slice
under way.
"""

from __future__ import annotations

import asyncio
import sys

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.bulk import set_for_bulk_work
from mastery_engine.bootstrap.child_process import LONGEST_LINE
from mastery_engine.bootstrap.folding_messages import Ready, failure
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.bootstrap.replay_parts import replay_from
from mastery_engine.bootstrap.replaying import ReplayingHere
from mastery_engine.bootstrap.replaying_messages import Answer, Replayed, begun, slice_of, told
from mastery_engine.domain.errors import MasteryError


async def _serve(lines: asyncio.StreamReader) -> None:
    first = await lines.readline()
    if not first.endswith(b"\n"):
        # The parent was ended before it had said what to do.
        return
    settings, copy = begun(first)
    configure_logs(settings)
    try:
        async with open_engine(settings) as engine, replay_from(engine, copy) as replay:
            here = ReplayingHere(engine, replay)
            _tell(Ready())
            with set_for_bulk_work():
                while line := await lines.readline():
                    _tell(Replayed(await here.rebuild(slice_of(line))))
    except MasteryError as error:
        _tell(failure(error))


def _tell(answer: Answer) -> None:
    sys.stdout.buffer.write(told(answer))
    sys.stdout.buffer.flush()


async def _main() -> None:
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer)
    try:
        await _serve(lines)
    except BrokenPipeError:
        # Nobody waits for it any more.
        return
    finally:
        transport.close()


if __name__ == "__main__":
    asyncio.run(_main())
