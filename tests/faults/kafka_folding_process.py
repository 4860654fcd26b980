"""A worker on Kafka that kills itself where it is told to; only the fault tests start it. `KILL_AT`: see `folding_process`."""

from __future__ import annotations

import asyncio
import os
from typing import Any
from unittest.mock import patch

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.work import Worker
from tests.faults.folding_process import BATCH_SIZE, Deadly, die, with_port


async def fold(kill_at: str) -> None:
    """Fold until the process is killed."""
    where, key, nth, moment = kill_at.split("|")
    port, _, method = where.partition(".")
    left = int(nth)
    original: Any = LearnerState.fold

    def deadly_fold(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            die()
        original(*arguments)

    with patch.object(LearnerState, "fold", deadly_fold if where == "fold" else original):
        async with open_engine(load_settings(), folds_only=True) as opened:
            consumer: Any = opened.adapters.log.consumer(opened.group)
            engine = opened
            if port == "consumer":
                consumer = Deadly(consumer, method, key, left, moment)
            elif port != "fold":
                engine = with_port(
                    opened, port, Deadly(getattr(opened.adapters, port), method, key, left, moment)
                )
            worker = Worker(engine.processor(consumer), consumer, engine.adapters.clock, BATCH_SIZE)
            await worker.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(fold(os.environ["KILL_AT"]))
