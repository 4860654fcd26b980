"""The engine's worker in a process of its own: `python -m benchmarks.stream.engine_process N`, N records in the topic."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings


async def fold(count: int) -> dict[str, float]:
    """Fold as `mastery worker` does; the clock runs from the end of the first step to the end of the last.

    Args:
        count: Records in the topic.
    """
    async with open_engine(load_settings(), folds_only=True) as engine, engine.folding() as worker:
        first, begin, cpu, stop = 0, 0.0, 0.0, asyncio.Event()

        async def watch() -> None:
            nonlocal first, begin, cpu
            while worker.total.polled < count:
                await asyncio.sleep(0)
                if not first and worker.total.polled:
                    first, begin, cpu = worker.total.polled, time.perf_counter(), time.process_time()
                await asyncio.sleep(0.02)
            stop.set()

        watching = asyncio.create_task(watch())
        await worker.run(stop)
        seconds, used = time.perf_counter() - begin, time.process_time() - cpu
        await watching
    return {"events": count - first, "seconds": seconds, "cpu_seconds": used}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fold(int(sys.argv[1])))))
