"""Replays as jobs: all students of a tenant or one, rebuilt or looked at under another formula, a few at a time.

A part takes few students, so that the service goes on answering between them. Of all of them only counts are kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.job import Job
from mastery_engine.contracts.job_view import ReplayCounts
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.formulas import Formulas
from mastery_engine.engine.access import Caller
from mastery_engine.engine.job_kinds import Part, caller_of
from mastery_engine.engine.jobs import Jobs
from mastery_engine.engine.reading import Reader
from mastery_engine.engine.replay import Replay
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import sliced

KIND: Final = "replay"
STUDENTS_A_PART: Final = 10
MOST_SLICES: Final = 100_000


class ReplayAsked(Struct, frozen=True):
    """What was asked for.

    Attributes:
        student_id: One student; None means all with an archived event.
        formula: What would change under this formula; None rebuilds.
        switch: Put what is rebuilt in the place of a live state that differs or is missing.
    """

    student_id: str | None = None
    formula: str | None = None
    switch: bool = True


class _Note(Struct, frozen=True):
    """How a replay is cut, and what its parts came to so far."""

    slices: int
    counts: ReplayCounts


_asked: Final = msgspec.msgpack.Decoder(ReplayAsked)
_note: Final = msgspec.msgpack.Decoder(_Note)


@final
class ReplayKind:
    """Does the jobs of replays."""

    def __init__(
        self, replay: Replay, reader: Reader, formulas: Formulas, recover: Callable[[], Awaitable[object]]
    ) -> None:
        """Put the parts together.

        Args:
            replay: Rebuilds from the archive.
            reader: Knows tenants, and who may.
            formulas: To look at students under.
            recover: Sees that markers of erased students are there, before anything is switched.
        """
        self._replay = replay
        self._reader = reader
        self._formulas = formulas
        self._recover = recover
        self._cut: tuple[str, list[list[str]]] = ("", [])

    async def part(self, job: Job) -> Part:
        """See `JobKind`. The first part only counts the students; each of the others does a slice of them."""
        asked = _asked.decode(job.payload)
        tenant = await permitted(self._reader, caller_of(job), asked, record=job.parts == 0)
        if job.parts == 0:
            students = await self._students(tenant, asked)
            if asked.switch and asked.formula is None:
                await self._recover()
            slices = min(MOST_SLICES, -(-len(students) // STUDENTS_A_PART))
            note = msgspec.msgpack.encode(_Note(slices, ReplayCounts()))
            return Part(done=0, total=len(students), is_last=not students, note=note)
        note = _note.decode(job.note)
        number = job.parts - 1
        if self._cut[0] != job.job_id:
            # By a stable hash, so that another process that goes on cuts them alike.
            self._cut = (job.job_id, sliced(await self._students(tenant, asked), note.slices))
        some = self._cut[1][number]
        counts = _summed(note.counts, await self._counts(tenant, job.job_id, asked, some))
        is_last = number + 1 >= note.slices
        total = job.total or 0
        done = total if is_last else min(total, job.done + len(some))
        encoded = msgspec.msgpack.encode(_Note(note.slices, counts))
        return Part(done=done, total=total, is_last=is_last, note=encoded)

    def concerns(self, job: Job) -> Collection[str]:
        """See `JobKind`."""
        student_id = _asked.decode(job.payload).student_id
        return [] if student_id is None else [student_id]

    def tells(self, job: Job) -> Mapping[str, bytes]:
        """See `JobKind`."""
        del job
        return {}

    async def _students(self, tenant: Tenant, asked: ReplayAsked) -> list[str]:
        return [asked.student_id] if asked.student_id else await self._replay.students(tenant)

    async def _counts(self, tenant: Tenant, run_id: str, asked: ReplayAsked, some: list[str]) -> ReplayCounts:
        if asked.formula is None:
            report = await self._replay.rebuild(tenant, run_id, some, switch=asked.switch)
            await self._replay.forget(tenant, run_id, some)
            return _counted(report)
        changes = await self._replay.what_if(tenant, self._formulas.get(asked.formula), some)
        moved = sum(one.new_score != one.score for one in changes)
        levels = sum(one.new_level != one.level for one in changes)
        return ReplayCounts(students=len(changes), equal=len(changes) - moved, different=moved, levels=levels)


@final
class Replays:
    """Replays for those who ask for them."""

    def __init__(self, jobs: Jobs, reader: Reader, formulas: Formulas) -> None:
        """Put the parts together."""
        self._jobs = jobs
        self._reader = reader
        self._formulas = formulas

    async def ask(self, caller: Caller, asked: ReplayAsked) -> Job:
        """Ask for a replay.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such formula.
            Conflict: There are too many open jobs.
        """
        await permitted(self._reader, caller, asked, record=True)
        if asked.formula is not None:
            self._formulas.get(asked.formula)
        return await self._jobs.submit(caller, KIND, msgspec.msgpack.encode(asked))


def counts_of(job: Job) -> ReplayCounts | None:
    """What a replay has come to so far, None for another job or before it has begun."""
    return _note.decode(job.note).counts if job.kind == KIND and job.note else None


async def permitted(reader: Reader, caller: Caller, asked: ReplayAsked, *, record: bool) -> Tenant:
    """The tenant, if the caller may replay its students.

    Args:
        reader: Knows tenants, and who may.
        caller: Who asks.
        asked: What for.
        record: Leave a record although no student is named.

    Raises:
        NotAllowed: The caller's role may not.
    """
    what = "compare" if not asked.switch else "switch"
    detail = {"what": what if asked.formula is None else f"formula {asked.formula}"}
    tenant, day = await reader.day(caller, None)
    students = [] if asked.student_id is None else [asked.student_id]
    await reader.access.permit(caller, "replay.run", students, date_of(day), detail)
    if record and not students:
        await reader.access.record(caller, "replay.run", [], allowed=True, detail=detail)
    return tenant


def _counted(report: ReplayReport) -> ReplayCounts:
    return ReplayCounts(
        students=report.students,
        events=report.events,
        equal=report.equal,
        different=len(report.different),
        missing=report.missing,
        switched=report.switched,
        behind=len(report.behind),
        erased=report.erased,
    )


def _summed(one: ReplayCounts, other: ReplayCounts) -> ReplayCounts:
    added: dict[str, int | None] = {}
    for name in ReplayCounts.__struct_fields__:
        values = [value for value in (getattr(one, name), getattr(other, name)) if value is not None]
        added[name] = sum(values) if values else None
    return msgspec.convert(added, ReplayCounts)
