"""Replays of many students, on as many cores as there are."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, final
from uuid import uuid4

from mastery_engine.bootstrap.bulk import set_for_bulk_work
from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.bootstrap.replaying_process import replaying_apart
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.engine.replay import STUDENTS_A_BATCH
from mastery_engine.engine.replay_report import ReplayReport, summed
from mastery_engine.engine.replay_run import Rebuilder, Slice, rebuild_all, sliced

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine

WORTH_A_PROCESS: Final = 500
"""Students; for fewer, starting another process takes longer than it saves."""

Progress = Callable[[int, int, int], None]
"""Told after each slice how many students it had, how many events, and how many students there are in all."""


@final
class ReplayingHere:
    """Rebuilds in this very process."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine."""
        self._engine = engine

    async def rebuild(self, one: Slice) -> ReplayReport:
        """See `Rebuilder`."""
        tenant = await self._engine.tenants.get(one.tenant_id)
        return await self._engine.replay.students(tenant, one.run_id, one.student_ids, switch=one.switch)


async def replay_all(
    engine: Engine,
    tenant: Tenant,
    *,
    switch: bool,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ReplayReport:
    """Replay every student of a tenant.

    Args:
        engine: Open.
        tenant: Whose students.
        switch: See `Replay.run`.
        workers: How many processes; None means one a core, where there are students enough.
        progress: Who wants to know how far it is.

    Raises:
        MasteryError: One of the processes ended, or could not go on; not every student was looked at.
    """
    students = await engine.adapters.archive.students(tenant.tenant_id)
    run_id = str(uuid4())
    cut = sliced(students, -(-len(students) // STUDENTS_A_BATCH))
    slices = [
        Slice(tenant.tenant_id, run_id, number, part, switch) for number, part in enumerate(cut) if part
    ]

    def told(amount: int, part: ReplayReport) -> None:
        if progress is not None:
            progress(amount, part.events, len(students))

    async with _rebuilders(engine, _processes(engine, workers, len(students), len(slices))) as rebuilders:
        return summed(await rebuild_all(slices, rebuilders, told))


def _processes(engine: Engine, wanted: int | None, students: int, slices: int) -> int:
    if engine.settings.store_url == MEMORY_URL:
        # Nobody else can see what is in this process.
        return 1
    wanted = wanted or min(os.cpu_count() or 1, students // WORTH_A_PROCESS)
    return max(1, min(wanted, slices))


@asynccontextmanager
async def _rebuilders(engine: Engine, processes: int) -> AsyncGenerator[Sequence[Rebuilder]]:
    if processes == 1:
        with set_for_bulk_work():
            yield [ReplayingHere(engine)]
    else:
        async with replaying_apart(engine.settings, processes) as started:
            yield started
