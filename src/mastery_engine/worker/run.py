"""Folding until a signal ends it; the step under way is finished."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import Settings
from mastery_engine.engine.step import StepReport


async def run_worker(settings: Settings, ready: Callable[[], None]) -> StepReport:
    """Fold the log until SIGINT or SIGTERM.

    Args:
        settings: What is in force.
        ready: Called once this process has the folding to itself.

    Returns:
        What all steps together did.

    Raises:
        Conflict: Another process folds this home.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_engine(settings) as engine, engine.folding() as worker:
        ready()
        await worker.run(stop)
    return worker.total
