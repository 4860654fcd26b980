"""Replays of many students, on as many cores as there are."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol, final
from uuid import uuid4

from mastery_engine.bootstrap.bulk import set_for_bulk_work
from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.bootstrap.recovering import recovery_of
from mastery_engine.bootstrap.replay_parts import TopicCopy, copied_topic, replay_from
from mastery_engine.bootstrap.replaying_process import replaying_apart
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.engine.replay import STUDENTS_A_BATCH, Replay
from mastery_engine.engine.replay_notes import ReplayNotes, ReplayPlan, Wanted
from mastery_engine.engine.replay_report import ReplayReport, summed
from mastery_engine.engine.replay_run import Rebuilder, Slice, rebuild_all, sliced

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine

WORTH_A_PROCESS: Final = 5
"""Slices; for fewer, starting another process takes longer than it saves."""


class Watcher(Protocol):
    """Somebody who wants to know how far a replay is."""

    def read(self, records: int, total: int) -> None:
        """So many records more were read from the log, of at most so many."""
        ...

    def replayed(self, students: int, events: int, total: int) -> None:
        """So many students more are done with, with so many events, of so many students in all."""
        ...


@final
class ReplayingHere:
    """Rebuilds in this very process."""

    def __init__(self, engine: Engine, replay: Replay) -> None:
        """Use an engine, and what rebuilds from its archive or from something else."""
        self._tenants = engine.tenants
        self._replay = replay
        self._notes = ReplayNotes(engine.adapters.store)

    async def rebuild(self, one: Slice) -> ReplayReport:
        """See `Rebuilder`. Noted here, so that a slice that is done stays so though the parent be killed meanwhile."""
        tenant = await self._tenants.get(one.tenant_id)
        report = await self._replay.rebuild(tenant, one.run_id, one.student_ids, switch=one.switch)
        await self._notes.note(one.tenant_id, one.run_id, one.number, report)
        return report


async def replay_one(
    engine: Engine, tenant: Tenant, student_id: str, wanted: Wanted, watcher: Watcher | None = None
) -> ReplayReport:
    """Replay one student.

    Args:
        engine: Open.
        tenant: Whose student.
        student_id: The student.
        wanted: What to do, and from what.
        watcher: Who wants to know how far it is.
    """
    async with _source(engine, tenant, wanted, watcher) as copy, replay_from(engine, copy) as replay:
        run_id = str(uuid4())
        report = await replay.run(tenant, run_id, student_id=student_id, switch=wanted.switch)
        await replay.forget(tenant, run_id, [student_id])
    report.topic = copy and copy.read
    return report


async def replay_all(
    engine: Engine,
    tenant: Tenant,
    wanted: Wanted,
    *,
    resume: bool = False,
    workers: int | None = None,
    watcher: Watcher | None = None,
) -> ReplayReport:
    """Replay every student of a tenant, or those with an event on a day.

    Args:
        engine: Open.
        tenant: Whose students.
        wanted: What to do with them.
        resume: Go on with the tenant's interrupted replay; the report tells of both.
        workers: How many processes; None means one a core, where there are students enough.
        watcher: Who wants to know how far it is.

    Raises:
        NotFound: There is no interrupted replay to go on with.
        Conflict: Something else was asked of it.
        MasteryError: One of the processes ended, or could not go on; it can be gone on with.
    """
    if wanted.switch:
        # Where the state store was lost, so were the markers of who is erased.
        await recovery_of(engine).recover()
    notes = ReplayNotes(engine.adapters.store)
    plan = await notes.resumed(tenant.tenant_id, wanted) if resume else None
    async with _source(engine, tenant, wanted, watcher) as copy, replay_from(engine, copy) as replay:
        students = await replay.students(tenant, wanted.span)
        if plan is None:
            number = -(-len(students) // STUDENTS_A_BATCH)
            plan = ReplayPlan(str(uuid4()), tenant.tenant_id, wanted, number)
            await notes.begin(plan)
        done = await notes.done(plan)

        def told(amount: int, events: int) -> None:
            if watcher is not None:
                watcher.replayed(amount, events, len(students))

        slices: list[Slice] = []
        for number, part in enumerate(sliced(students, plan.slices)):
            if number in done:
                told(len(part), 0)
            elif part:
                slices.append(Slice(tenant.tenant_id, plan.run_id, number, part, wanted.switch))
        async with _rebuilders(engine, replay, copy, _processes(engine, workers, len(slices))) as rebuilders:
            reports = await rebuild_all(slices, rebuilders, lambda amount, part: told(amount, part.events))
        await replay.forget(tenant, plan.run_id, students)
    await notes.end(plan)
    report = summed([*done.values(), *reports])
    report.topic = copy and copy.read
    return report


@asynccontextmanager
async def _source(
    engine: Engine, tenant: Tenant, wanted: Wanted, watcher: Watcher | None
) -> AsyncGenerator[TopicCopy | None]:
    """A copy of the log's events, if that is what to replay from."""
    if wanted.source == "archive":
        yield None
    else:
        async with copied_topic(engine, tenant, watcher.read if watcher else None) as copy:
            yield copy


def _processes(engine: Engine, wanted: int | None, slices: int) -> int:
    if engine.settings.store_url == MEMORY_URL:
        # Nobody else can see what is in this process.
        return 1
    wanted = wanted or min(os.cpu_count() or 1, slices // WORTH_A_PROCESS)
    return max(1, min(wanted, slices))


@asynccontextmanager
async def _rebuilders(
    engine: Engine, replay: Replay, copy: TopicCopy | None, processes: int
) -> AsyncGenerator[Sequence[Rebuilder]]:
    if processes == 1:
        with set_for_bulk_work():
            # Two slices at a time: while one waits for the disk, the other is folded.
            yield [ReplayingHere(engine, replay)] * 2
    else:
        async with replaying_apart(engine.settings, copy, processes) as started:
            yield started
