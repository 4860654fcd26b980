"""Being told to stop."""

from __future__ import annotations

import asyncio
import signal


def stopped_by_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, in the loop that runs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
