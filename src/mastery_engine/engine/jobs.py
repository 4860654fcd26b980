"""Jobs: asked for, looked at, cancelled, and forgotten with a student whom they concern.

What a job does is its kind's, and kinds are data: by name, what does a part. Who works on jobs is `engine/job_runner`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, final

import msgspec
from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.job import PRIORITIES, DamagedJob, Job, Listed, Priority, decode_job
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import Conflict, DependencyDown, NewerVersion, NotFound
from mastery_engine.engine.access import Caller
from mastery_engine.engine.job_book import KEPT_SECONDS, Found, JobBook, part_keys
from mastery_engine.engine.job_kinds import JobKind
from mastery_engine.engine.policy import Action
from mastery_engine.engine.reading import Reader
from mastery_engine.ports import Clock

MOST_OPEN_OF_CALLER: Final = 10
MOST_OPEN_OF_TENANT: Final = 100
MOST_OPEN: Final = 1_000
MOST_KEPT_OF_TENANT: Final = 1_000
"""A tenant's older finished jobs go when there are more, though they be younger than a week."""
_CANCEL_TRIES: Final = 20
_AT_ONCE: Final = 50


@final
class Jobs:
    """Jobs of those who ask for them.

    Attributes:
        book: Where they are written down.
        kinds: By name, what does them.
        wake: Set when a job was asked for here, so that nobody waits for the next look.
    """

    def __init__(
        self,
        book: JobBook,
        kinds: Mapping[str, JobKind],
        reader: Reader,
        pseudonyms: keys.Pseudonyms,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        """Put the parts together.

        Args:
            book: Where jobs are written down.
            kinds: By name, what does them.
            reader: Knows tenants' days, and who may.
            pseudonyms: Of those who ask.
            clock: For their times.
            new_id: Makes an id that nobody guesses.
        """
        self.book = book
        self.kinds = kinds
        self.wake = asyncio.Event()
        self._reader = reader
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._new_id = new_id

    async def submit(
        self,
        caller: Caller,
        kind: str,
        payload: bytes,
        *,
        total: int | None = None,
        priority: Priority = "normal",
    ) -> Job:
        """Ask for a job. Whether the caller may is for the use case to see to, before.

        Args:
            caller: Who asks.
            kind: One of `kinds`.
            payload: What to do, as its kind reads it.
            total: How much there is to do, if that is known.
            priority: Which jobs go before it.

        Raises:
            Conflict: The caller, the tenant or all together have too many open jobs.
            DependencyDown: The store does not answer.
        """
        now_ms = self._clock.now_ms()
        job = Job(
            job_id=self._new_id(),
            tenant_id=caller.tenant_id,
            kind=kind,
            subject=caller.subject,
            role=caller.role,
            request_id=caller.request_id,
            payload=payload,
            created_ms=now_ms,
            touched_ms=now_ms,
            priority=priority,
            total=total,
        )
        requester = self._pseudonyms.of(caller.tenant_id, f"{caller.role} {caller.subject}")
        listed = Listed(job.tenant_id, job.job_id, now_ms, PRIORITIES.index(priority), requester)
        await self.book.add(job)
        try:
            # First where it is found to be erased, then where it is found to be done.
            await self._keep(listed)
            await self.book.change(keys.open_jobs(), lambda open_: _with(open_, listed))
        except Conflict:
            await self.book.remove(job)
            raise
        await self.book.put(job, self.kinds[kind].tells(job).items())
        self.wake.set()
        return job

    async def find(
        self, caller: Caller, job_id: str, action: Action = "jobs.read", kind: str | None = None
    ) -> Job:
        """A job of the caller's own; an admin's are all of the tenant, and a look at somebody else's is on record.

        Args:
            caller: Who asks.
            job_id: Which.
            action: What for.
            kind: Only a job of this kind; None takes any.

        Raises:
            NotAllowed: The role may not.
            NotFound: There is none, or it is somebody else's; the latter is on record.
        """
        job = (await self._find(caller, job_id, action, kind)).job
        if not _is_own(caller, job):
            await self._reader.access.record(caller, action, [], allowed=True, detail={"kind": job.kind})
        return job

    async def results(self, job: Job, numbers: list[int]) -> list[bytes | None]:
        """Results of parts of a job that was found; whom they concern is for the use case to look at."""
        return await self.book.results(job, numbers)

    async def cancel(self, caller: Caller, job_id: str) -> Job:
        """Let a job end: at once if nobody works on it, else after the part under way. What is finished stays as it is.

        Raises:
            NotAllowed: See `find`.
            NotFound: See `find`.
            DependencyDown: Too many others changed it at the same time.
        """
        found = await self._find(caller, job_id, "jobs.cancel", None)
        detail = {"kind": found.job.kind}
        await self._reader.access.record(caller, "jobs.cancel", [], allowed=True, detail=detail)
        for _ in range(_CANCEL_TRIES):
            job, version = await self._find(caller, job_id, "jobs.cancel", None)
            if job.is_finished or job.cancelled:
                return job
            now_ms = self._clock.now_ms()
            idle = job.lease_until_ms <= now_ms
            changed = job.finished("cancelled", now_ms) if idle else replace(job, cancelled=True)
            if await self.book.write(changed, version):
                if idle:
                    await self.closed(changed)
                return changed
        raise DependencyDown("the job is being changed by too many at once; try again")

    async def closed(self, job: Job) -> None:
        """Note everywhere that a job is finished."""
        await self.book.close_many([Listed(job.tenant_id, job.job_id, 0, 0, "")])
        if job.kind in self.kinds:
            await self.book.put(job, self.kinds[job.kind].tells(job).items())

    async def forget(self, tenant_id: str, student_id: str) -> int:
        """Remove every job, open or finished, that was asked for by a student or may name the student, with its results.

        Whoever works on one of them finds it gone, and writes nothing of it. To be called again after the longest lease, as all
        sweeps are.

        Returns:
            How many were removed.
        """
        kept = await self.book.listed(keys.kept_jobs(tenant_id))
        removed: list[Listed] = []
        for first in range(0, len(kept), _AT_ONCE):
            some = kept[first : first + _AT_ONCE]
            for one, raw in zip(some, await self.book.raw(some), strict=True):
                if raw is not None and self._names(raw[0], student_id):
                    await self._remove(one, raw[0])
                    removed.append(one)
        if removed:
            gone = {one.job_id for one in removed}
            await self.book.close_many(removed)
            await self.book.change(
                keys.kept_jobs(tenant_id), lambda listed: [one for one in listed if one.job_id not in gone]
            )
        return len(removed)

    async def _find(self, caller: Caller, job_id: str, action: Action, kind: str | None) -> Found:
        tenant, day = await self._reader.day(caller, None)
        del tenant
        access = self._reader.access
        await access.permit(caller, action, [], date_of(day))
        found = await self.book.find(caller.tenant_id, job_id)
        if found is None or (kind is not None and found.job.kind != kind):
            # On record as another's job is, so that neither takes longer, and who tries ids leaves a trace.
            await access.record(caller, action, [], allowed=False, detail={"kind": "none"})
            raise no_such_job()
        if caller.role not in {"admin", "operator"} and not _is_own(caller, found.job):
            await access.record(caller, action, [], allowed=False, detail={"kind": found.job.kind})
            raise no_such_job()
        return found

    async def _keep(self, listed: Listed) -> None:
        oldest_ms = self._clock.now_ms() - KEPT_SECONDS * 1_000
        open_ = {(one.tenant_id, one.job_id) for one in await self.book.listed(keys.open_jobs())}
        dropped: list[Listed] = []

        def changed(kept: list[Listed]) -> list[Listed]:
            young = [one for one in kept if one.created_ms > oldest_ms]
            finished = [one for one in young if (one.tenant_id, one.job_id) not in open_]
            dropped[:] = finished[: max(0, len(young) + 1 - MOST_KEPT_OF_TENANT)]
            return [*(one for one in young if one not in dropped), listed]

        await self.book.change(keys.kept_jobs(listed.tenant_id), changed)
        for one, raw in zip(dropped, await self.book.raw(dropped), strict=True):
            if raw is not None:
                await self._remove(one, raw[0])

    async def _remove(self, listed: Listed, value: bytes) -> None:
        names = [
            keys.job(listed.tenant_id, listed.job_id),
            keys.batch_status(listed.tenant_id, listed.job_id),
        ]
        # Results of one that cannot be read go by themselves, and nobody reads them without it.
        with suppress(NewerVersion, DamagedJob):
            names += part_keys(decode_job(value))
        await self.book.take_back(names)

    def _names(self, value: bytes, student_id: str) -> bool:
        try:
            job = decode_job(value)
        except (NewerVersion, DamagedJob):
            # Nobody can tell; a job can be asked for again, and an erasure cannot.
            return True
        kind = self.kinds.get(job.kind)
        own = job.role == "student" and job.subject == student_id
        try:
            return own or kind is None or student_id in kind.concerns(job)
        except msgspec.DecodeError:
            return True


def _is_own(caller: Caller, job: Job) -> bool:
    return (caller.role, caller.subject) == (job.role, job.subject)


def no_such_job() -> NotFound:
    """The one answer for a job that does not exist, is no longer kept, or is not the caller's to see."""
    return NotFound("no such job; jobs are kept for 7 days")


def _with(open_: list[Listed], one: Listed) -> list[Listed]:
    own = sum((other.tenant_id, other.requester) == (one.tenant_id, one.requester) for other in open_)
    if own >= MOST_OPEN_OF_CALLER:
        raise Conflict(
            f"you have {own} open jobs, the most that are taken; wait for one to end, or cancel one"
        )
    of_tenant = sum(other.tenant_id == one.tenant_id for other in open_)
    if of_tenant >= MOST_OPEN_OF_TENANT:
        raise Conflict(f"the school has {of_tenant} open jobs, the most that are taken; try again later")
    if len(open_) >= MOST_OPEN:
        raise Conflict(f"there are {len(open_)} open jobs, the most that are taken; try again later")
    return [*open_, one]
