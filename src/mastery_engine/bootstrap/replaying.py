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
from mastery_engine.engine.replay_notes import ReplayNotes, ReplayPlan, Wanted
from mastery_engine.engine.replay_report import ReplayReport, summed
from mastery_engine.engine.replay_run import Rebuilder, Slice, rebuild_all, sliced

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine

WORTH_A_PROCESS: Final = 5
"""Slices; for fewer, starting another process takes longer than it saves."""

Progress = Callable[[int, int, int], None]
"""Told after each slice how many students it had, how many events, and how many students there are in all."""


@final
class ReplayingHere:
    """Rebuilds in this very process."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine."""
        self._engine = engine
        self._notes = ReplayNotes(engine.adapters.store)

    async def rebuild(self, one: Slice) -> ReplayReport:
        """See `Rebuilder`. Noted here, so that a slice that is done stays so though the parent be killed meanwhile."""
        tenant = await self._engine.tenants.get(one.tenant_id)
        report = await self._engine.replay.students(tenant, one.run_id, one.student_ids, switch=one.switch)
        await self._notes.note(one.run_id, one.number, report)
        return report


async def replay_all(
    engine: Engine,
    tenant: Tenant,
    wanted: Wanted,
    *,
    resume: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ReplayReport:
    """Replay every student of a tenant, or those with an event on a day.

    Args:
        engine: Open.
        tenant: Whose students.
        wanted: What to do with them.
        resume: Go on with the tenant's interrupted replay; the report tells of both.
        workers: How many processes; None means one a core, where there are students enough.
        progress: Who wants to know how far it is.

    Raises:
        NotFound: There is no interrupted replay to go on with.
        Conflict: Something else was asked of it.
        MasteryError: One of the processes ended, or could not go on; it can be gone on with.
    """
    notes = ReplayNotes(engine.adapters.store)
    plan = await notes.resumed(tenant.tenant_id, wanted) if resume else None
    students = await engine.adapters.archive.students(tenant.tenant_id, wanted.span)
    if plan is None:
        plan = ReplayPlan(
            str(uuid4()), tenant.tenant_id, wanted, slices=-(-len(students) // STUDENTS_A_BATCH)
        )
        await notes.begin(plan)
    done = await notes.done(plan)
    slices: list[Slice] = []

    def told(amount: int, events: int) -> None:
        if progress is not None:
            progress(amount, events, len(students))

    for number, part in enumerate(sliced(students, plan.slices)):
        if number in done:
            told(len(part), 0)
        elif part:
            slices.append(Slice(tenant.tenant_id, plan.run_id, number, part, wanted.switch))
    async with _rebuilders(engine, _processes(engine, workers, len(slices))) as rebuilders:
        reports = await rebuild_all(slices, rebuilders, lambda amount, part: told(amount, part.events))
    await notes.end(plan)
    return summed([*done.values(), *reports])


def _processes(engine: Engine, wanted: int | None, slices: int) -> int:
    if engine.settings.store_url == MEMORY_URL:
        # Nobody else can see what is in this process.
        return 1
    wanted = wanted or min(os.cpu_count() or 1, slices // WORTH_A_PROCESS)
    return max(1, min(wanted, slices))


@asynccontextmanager
async def _rebuilders(engine: Engine, processes: int) -> AsyncGenerator[Sequence[Rebuilder]]:
    if processes == 1:
        with set_for_bulk_work():
            yield [ReplayingHere(engine)]
    else:
        async with replaying_apart(engine.settings, processes) as started:
            yield started
