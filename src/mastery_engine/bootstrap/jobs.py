"""Jobs: what there is to do them, by name, and where they are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mastery_engine.bootstrap.backing_up import recovery_of
from mastery_engine.engine import batch_jobs, replay_jobs
from mastery_engine.engine.batch_jobs import BatchKind
from mastery_engine.engine.job_book import JobBook
from mastery_engine.engine.job_kinds import JobKind
from mastery_engine.engine.jobs import Jobs
from mastery_engine.engine.replay_jobs import ReplayKind

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine


def _replays(engine: Engine) -> JobKind:
    async def recover() -> None:
        await recovery_of(engine).recover()

    return ReplayKind(engine.replay, engine.reader, engine.formulas, recover)


KINDS: Final[Mapping[str, Callable[[Engine], JobKind]]] = {
    batch_jobs.KIND: lambda engine: BatchKind(engine.queries),
    replay_jobs.KIND: _replays,
}
"""By name of a kind, who does its jobs. A kind that is added here is done by every replica, and forgotten with its students."""


def jobs_of(engine: Engine) -> Jobs:
    """The jobs of an engine."""
    adapters = engine.adapters
    return Jobs(
        JobBook(adapters.store, adapters.clock),
        {name: make(engine) for name, make in KINDS.items()},
        engine.reader,
        engine.pseudonyms,
        adapters.clock,
        lambda: uuid4().hex,
    )
