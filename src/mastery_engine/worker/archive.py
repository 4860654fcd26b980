"""Archiving until a signal ends it; the steps under way are finished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.archiver_groups import groups
from mastery_engine.bootstrap.watching import Duty, Watch, unwatched
from mastery_engine.config import Settings
from mastery_engine.worker.stopping import stopped_by_signals


class Kept(NamedTuple):
    """What was put into the stores of record."""

    events: int
    letters: int


async def run_archiver(settings: Settings, ready: Callable[[], None], watch: Watch = unwatched) -> Kept:
    """Archive events and file dead letters until SIGINT or SIGTERM.

    Args:
        settings: What is in force.
        ready: Called once it begins.
        watch: Watches over it.

    Raises:
        ConfigurationError: The log is embedded, or a topic is not as it must be.
        DependencyDown: Kafka does not answer at the start; later, it is waited for.
    """
    stop = stopped_by_signals()
    async with open_engine(settings) as engine, engine.archiving() as runners:
        archiver, filing = runners
        troubles = {"archiver": lambda: archiver.waiting, "letters": lambda: filing.waiting}
        async with watch(engine, Duty(troubles, groups(settings)[0], archives=True)):
            ready()
            async with asyncio.TaskGroup() as group:
                for runner in runners:
                    group.create_task(runner.run(stop))
    return Kept(archiver.total.kept, filing.total.kept)
