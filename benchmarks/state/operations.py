"""How long a state store takes to answer a worker under a steady load."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Final

from benchmarks.state.recorded import fold_until, watched
from benchmarks.stream.school import DAYS, STUDENTS
from tools.installation import Installation

RATE: Final = 1_000.0
SECONDS: Final = 20
_WARM_UP: Final = 50


async def measure(installation: Installation, rate: float = RATE, seconds: int = SECONDS) -> dict[str, float]:
    """Percentiles of a call, in milliseconds.

    Args:
        installation: With topics that are empty.
        rate: Events a second.
        seconds: For how long.
    """
    count = round(rate * seconds)
    async with installation.engine() as plain:
        engine, store = watched(plain, keeps=False)
        async with engine.folding() as worker:
            load = installation.start(
                *(
                    "simulate",
                    "--to",
                    "kafka",
                    "--json",
                    "--tenant",
                    "default",
                    "--seed",
                    "5",
                    "--patience",
                    "0",
                ),
                *("--students", str(STUDENTS), "--days", str(DAYS), "--late", "0", "--repeated", "0"),
                *("--rate", str(rate), "--events", str(count)),
                said=subprocess.DEVNULL,
            )
            await fold_until(worker, count)
            await asyncio.to_thread(load.communicate)
    times = sorted(one * 1e3 for one in store.seconds[_WARM_UP:])
    return {
        "calls": len(times),
        "p50": times[len(times) // 2],
        "p95": times[int(len(times) * 0.95)],
        "p99": times[int(len(times) * 0.99)],
    }
