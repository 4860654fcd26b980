"""Doing jobs, a part at a time. Any replica does any part, and goes on where another one ended.

1. Look at the open jobs; choose one that nobody has a lease on: by priority, then the one that has waited longest.
2. Claim it by compare-and-set: the count of its claims goes up, and a lease of a minute begins.
3. Let its kind do the part.
4. If the lease is over, stop here: another one may have it.
5. Write the part's results under a key that names the claim.
6. Write the job by compare-and-set, with what is done now and no lease. From here on the part counts; whoever fails here has
   lost the job, and takes back what 5 wrote.
7. If that was all, take it off the list of open jobs.

Ended at 2 to 5, the part is done again once the lease is over; results of 5 that nobody refers to are noted by the next claim.
Ended at 6, who comes next finds a finished job on the list, and does 7.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from typing import Final, final

import structlog
from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.job import DamagedJob, Job, Listed, decode_job
from mastery_engine.domain.errors import DependencyDown, MasteryError, NewerVersion
from mastery_engine.engine.job_book import Found, JobBook
from mastery_engine.engine.job_kinds import Part
from mastery_engine.engine.jobs import Jobs
from mastery_engine.engine.pausing import pause
from mastery_engine.ports import Clock

LEASE_SECONDS: Final = 60
LOOK_SECONDS: Final = 2.0
MOST_TRIES: Final = 5
"""A part that ended its process so often is not begun again."""
_MOST_LOST: Final = 100
_AT_ONCE: Final = 50
_COMMIT_TRIES: Final = 5
_log: Final = structlog.get_logger(__name__)


@final
class JobRunner:
    """Does what is to be done."""

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        """Work on jobs.

        Args:
            jobs: Which, and what does them.
            clock: For leases and waits.
        """
        self._jobs = jobs
        self._book: JobBook = jobs.book
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the part under way is finished.

        Raises:
            DependencyDown: The store does not answer, or something that a job needs; run it again.
        """
        while not stop.is_set():
            self._jobs.wake.clear()
            if not await self.step():
                await pause(self._clock, LOOK_SECONDS, stop, self._jobs.wake)

    async def drain(self) -> None:
        """Work until there is nothing that could be claimed."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Do one part of one job; whether there was any.

        Raises:
            DependencyDown: See `run`.
        """
        open_ = await self._book.listed(keys.open_jobs())
        by_priority = sorted(open_, key=lambda one: (one.priority, one.created_ms))
        for first in range(0, len(by_priority), _AT_ONCE):
            chosen = await self._choose(by_priority[first : first + _AT_ONCE])
            if chosen is not None:
                await self._work(chosen)
                return True
        return False

    async def _choose(self, some: Sequence[Listed]) -> Found | None:
        now_ms = self._clock.now_ms()
        free: list[tuple[int, int, Found]] = []
        finished: list[Listed] = []
        for one, raw in zip(some, await self._book.raw(some), strict=True):
            if raw is None:
                finished.append(one)
                continue
            try:
                found = Found(decode_job(raw[0]), raw[1])
            except NewerVersion:
                # Of a replica that is newer; it will do it.
                continue
            except DamagedJob:
                finished.append(one)
                continue
            if found.job.is_finished:
                finished.append(one)
            elif found.job.kind in self._jobs.kinds and found.job.lease_until_ms <= now_ms:
                free.append((one.priority, found.job.touched_ms, found))
        await self._book.close_many(finished)
        return min(free, key=lambda one: one[:2])[2] if free else None

    async def _work(self, found: Found) -> None:
        claimed = await self._claim(found)
        if claimed is None:
            return
        job = claimed.job
        try:
            part = await self._jobs.kinds[job.kind].part(job)
        except DependencyDown:
            # Not the part's fault: it is not counted as a try.
            await self._commit(claimed, replace(job, lease_until_ms=0, tries=job.tries - 1))
            raise
        except MasteryError as error:
            await self._commit(claimed, job.finished("failed", self._clock.now_ms(), error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other jobs go on
            # Its place and not its words, which may hold what was sent.
            place = "".join(traceback.format_tb(error.__traceback__))
            _log.error(
                "a job has failed", job=job.job_id, kind=job.kind, error=type(error).__name__, place=place
            )
            told = MasteryError("something went wrong here; tell the operator the job's id")
            await self._commit(claimed, job.finished("failed", self._clock.now_ms(), told))
        else:
            await self._commit(claimed, self._after(job, part), part.result)

    async def _claim(self, found: Found) -> Found | None:
        """The job as it is claimed, None where another one was quicker or nothing is left to do."""
        job, now_ms = found.job, self._clock.now_ms()
        if job.cancelled:
            await self._finish(found, job.finished("cancelled", now_ms))
            return None
        if job.tries >= MOST_TRIES:
            told = MasteryError(f"given up: who worked on it ended {job.tries} times at the same part")
            await self._finish(found, job.finished("failed", now_ms, told))
            return None
        lost = (*job.lost, (job.parts, job.claims))[-_MOST_LOST:] if job.tries else job.lost
        claim = replace(
            job,
            state="running",
            claims=job.claims + 1,
            tries=job.tries + 1,
            lost=lost,
            touched_ms=now_ms,
            lease_until_ms=now_ms + LEASE_SECONDS * 1_000,
        )
        if not await self._book.write(claim, found.version):
            return None
        seen = await self._book.find(job.tenant_id, job.job_id)
        return seen if seen is not None and seen.job.claims == claim.claims else None

    def _after(self, job: Job, part: Part) -> Job:
        results = job.results if part.result is None else (*job.results, (job.parts, job.claims))
        after = replace(
            job,
            done=part.done,
            total=part.total,
            note=job.note if part.note is None else part.note,
            parts=job.parts + 1,
            results=results,
            tries=0,
            touched_ms=self._clock.now_ms(),
            lease_until_ms=0,
        )
        return after.finished("done", self._clock.now_ms()) if part.is_last else after

    async def _commit(self, claimed: Found, after: Job, result: bytes | None = None) -> None:
        job, version = claimed
        if self._clock.now_ms() >= job.lease_until_ms:
            _log.warning("a job was lost: its part took longer than the lease", job=job.job_id, kind=job.kind)
            return
        key = keys.job_part(job.tenant_id, job.job_id, job.parts, job.claims)
        if result is not None:
            await self._book.put(job, [(key, result)])
        for _ in range(_COMMIT_TRIES):
            if await self._book.write(after, version):
                await self._tell(after)
                return
            seen = await self._book.find(job.tenant_id, job.job_id)
            if seen is None or seen.job.claims != job.claims or seen.job.is_finished:
                break
            # It is ours still: somebody wants it to end.
            after, version = replace(after, cancelled=seen.job.cancelled), seen.version
        _log.warning("a job was lost to another process, or removed", job=job.job_id, kind=job.kind)
        if result is not None:
            await self._book.take_back([key])

    async def _finish(self, found: Found, after: Job) -> None:
        if await self._book.write(after, found.version):
            await self._tell(after)

    async def _tell(self, job: Job) -> None:
        if job.is_finished:
            await self._jobs.closed(job)
        else:
            await self._book.put(job, self._jobs.kinds[job.kind].tells(job).items())
