"""Jobs: what there is to do them, by name, and where they are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mastery_engine.bootstrap.recovering import recovery_of
from mastery_engine.engine import batch_jobs, replay_jobs
from mastery_engine.engine.batch_jobs import BatchKind
from mastery_engine.engine.job_book import JobBook
from mastery_engine.engine.job_kinds import JobKind
from mastery_engine.engine.jobs import Jobs
from mastery_engine.engine.replay_jobs import ReplayKind

if TYPE_CHECKING:
    from mastery_engine.bootstrap.use_cases import UseCases


def _replays(cases: UseCases) -> JobKind:
    async def recover() -> None:
        await recovery_of(cases).recover()

    return ReplayKind(cases.replay, cases.reader, cases.formulas, recover)


KINDS: Final[Mapping[str, Callable[[UseCases], JobKind]]] = {
    batch_jobs.KIND: lambda cases: BatchKind(cases.queries),
    replay_jobs.KIND: _replays,
}
"""By name of a kind, who does its jobs. A kind that is added here is done by every replica, and forgotten with its students."""


def jobs_of(cases: UseCases) -> Jobs:
    """The jobs of an engine."""
    adapters = cases.adapters
    return Jobs(
        JobBook(adapters.store, adapters.clock),
        {name: make(cases) for name, make in KINDS.items()},
        cases.reader,
        cases.pseudonyms,
        adapters.clock,
        lambda: uuid4().hex,
    )
