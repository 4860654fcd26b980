"""Folding until a signal ends it; the step under way is finished."""

from __future__ import annotations

from collections.abc import Callable

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.watching import Duty, Watch, unwatched
from mastery_engine.config import Settings
from mastery_engine.engine.step import StepReport
from mastery_engine.worker.stopping import stopped_by_signals


async def run_worker(settings: Settings, ready: Callable[[], None], watch: Watch = unwatched) -> StepReport:
    """Fold the log until SIGINT or SIGTERM.

    Args:
        settings: What is in force.
        ready: Called once this process has the folding to itself.
        watch: Watches over it.

    Returns:
        What all steps together did.

    Raises:
        Conflict: Another process folds this home.
        ConfigurationError: A topic of Kafka is not as it must be.
        DependencyDown: Kafka does not answer at the start; later, it is waited for.
    """
    stop = stopped_by_signals()
    async with open_engine(settings, folds_only=True) as engine, engine.folding() as worker:
        # On Kafka the archiver archives.
        troubles = {"worker": lambda: worker.waiting}
        async with watch(engine, Duty(troubles, engine.group, archives=engine.adapters.apart is None)):
            ready()
            await worker.run(stop)
    return worker.total
