"""A worker that is killed in the middle of a step: documents are written, and their offsets not committed.

python -m mastery_engine.cli.demo.crash HOME STEP
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.cli.demo.stage import demo_settings
from mastery_engine.ports import OutputMessage, Results


@final
class DeadlyResults:
    """Passes outputs on, until the process is killed in the place of one call."""

    def __init__(self, results: Results, calls: int) -> None:
        """Count down.

        Args:
            results: Where outputs go until then.
            calls: Which call is not survived, from 1.
        """
        self._results = results
        self._left = calls

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        """Send on, or end here."""
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        await self._results.publish(messages)


async def fold_until_killed(home: Path, step: int, batch_size: int) -> None:
    """Fold; the process does not survive the given step."""
    settings = demo_settings(home)
    configure_logs(settings)
    async with open_engine(settings) as engine:
        deadly = replace(engine.adapters, results=DeadlyResults(engine.adapters.results, step))
        async with replace(engine, adapters=deadly).folding(batch_size) as worker:
            await worker.drain()


if __name__ == "__main__":
    asyncio.run(fold_until_killed(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
