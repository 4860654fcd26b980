"""Being watched while one works: what a worker or an archiver tells, and to whom."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

from mastery_engine.bootstrap.engine import Engine
from mastery_engine.engine.work import Waiting

Trouble = Callable[[], Waiting | None]
"""Why something in this process waits just now; None while it works."""


class Duty(NamedTuple):
    """What works in a process.

    Attributes:
        troubles: By name of each that works, why it waits.
        group: Consumer group whose lag is theirs.
        archives: Whether they need the stores of record.
    """

    troubles: Mapping[str, Trouble]
    group: str
    archives: bool


Watch = Callable[[Engine, Duty], AbstractAsyncContextManager[None]]
"""Watches as long as it is open."""


@asynccontextmanager
async def unwatched(engine: Engine, duty: Duty) -> AsyncGenerator[None]:
    """Nobody watches."""
    del engine, duty
    yield
