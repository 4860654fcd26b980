"""A process that folds a home and kills itself where it is told to; only the fault tests start it.

`KILL_AT` is `port.method|key|nth|moment`: at the nth call whose items hold `key` (any if empty), `before` it,
`inside` it (when half of its items are done) or `after` it; `freeze` stops the process before the call, and tells on its output
when the call was made after all. `fold||nth|` dies in the middle of a fold,
`COMMIT||nth|` in the middle of a transaction.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from mastery_engine.bootstrap import CONSUMER_GROUP, Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.work import Worker

BATCH_SIZE = 7


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class Deadly:
    """A port that kills the process at one call of one method."""

    def __init__(self, port: Any, method: str, key: str, nth: int, moment: str) -> None:
        self._port = port
        self._method = method
        self._key = key
        self._left = nth
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._port, name)
        if name != self._method:
            return original

        async def deadly(*arguments: Any, **named: Any) -> Any:
            if self._key in str(arguments):
                self._left -= 1
            if self._left:
                return await original(*arguments, **named)
            if self._moment == "freeze":
                os.kill(os.getpid(), signal.SIGSTOP)
                try:
                    return await original(*arguments, **named)
                finally:
                    sys.stdout.write("late\n")
                    sys.stdout.flush()
            if self._moment == "inside":
                await original(arguments[0][: len(arguments[0]) // 2])
            elif self._moment == "after":
                await original(*arguments, **named)
            die()

        return deadly


async def fold(home: Path, kill_at: str) -> None:
    where, key, nth, moment = kill_at.split("|")
    port, _, method = where.partition(".")
    left = int(nth or 0)

    def count_down() -> None:
        nonlocal left
        left -= 1
        if not left:
            die()

    original_fold: Any = LearnerState.fold
    connect = sqlite3.connect

    def deadly_fold(*arguments: Any) -> None:
        count_down()
        original_fold(*arguments)

    def deadly_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.set_trace_callback(lambda sql: count_down() if sql.upper().startswith("COMMIT") else None)
        return connection

    with (
        patch.object(LearnerState, "fold", deadly_fold if where == "fold" else original_fold),
        patch.object(sqlite3, "connect", deadly_connect if where == "COMMIT" else connect),
    ):
        async with open_engine(Settings.model_validate({"home": home})) as opened:
            consumer: Any = opened.adapters.log.consumer(CONSUMER_GROUP)
            engine = opened
            if port == "consumer":
                consumer = Deadly(consumer, method, key, left, moment)
            elif port in {"store", "results", "archive", "dead_letters"}:
                engine = with_port(
                    opened, port, Deadly(getattr(opened.adapters, port), method, key, left, moment)
                )
            worker = Worker(engine.processor(consumer), consumer, engine.adapters.clock, BATCH_SIZE)
            await worker.drain()


def with_port(engine: Engine, port: str, adapter: Any) -> Engine:
    adapters = dataclasses.replace(engine.adapters, **{port: adapter})
    return dataclasses.replace(engine, adapters=adapters)


if __name__ == "__main__":
    asyncio.run(fold(Path(sys.argv[1]), os.environ.get("KILL_AT") or "|||"))
