"""Where jobs are written down: each under a key of its own, and in two lists, since not every store can be asked for its keys.

One list, of all tenants, has the jobs that are open: who looks for work reads it. The other, of a tenant, has all that are
kept: who erases a student reads it. Both are bounded, and change by compare-and-set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.job import Job, Listed, decode_job, decode_list, encode_job, encode_list
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import ABSENT, Clock, StateStore, Write

KEPT_SECONDS: Final = 7 * 86_400
_TRIES: Final = 30
_AGAIN_SECONDS: Final = 0.02


class Found(NamedTuple):
    """A job as the store has it."""

    job: Job
    version: str


@final
class JobBook:
    """Jobs in a state store."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        """Use a store."""
        self._store = store
        self._clock = clock

    async def find(self, tenant_id: str, job_id: str) -> Found | None:
        """A job, if there is one.

        Raises:
            NewerVersion: A newer release wrote it.
            DamagedJob: It cannot be read.
        """
        (entry,) = await self._store.get_many([keys.job(tenant_id, job_id)])
        return None if entry is None else Found(decode_job(entry.value), entry.version)

    async def raw(self, jobs: Sequence[Listed]) -> list[tuple[bytes, str] | None]:
        """What the store has of jobs in a list, not read yet: one that cannot be is no reason to see none."""
        entries = await self._store.get_many([keys.job(one.tenant_id, one.job_id) for one in jobs])
        return [None if entry is None else (entry.value, entry.version) for entry in entries]

    async def write(self, job: Job, version: str) -> bool:
        """Write a job over the one of that version; whether it was so."""
        ttl = self.seconds_left(job)
        key = keys.job(job.tenant_id, job.job_id)
        return (await self._store.write_many([Write(key, encode_job(job), version, ttl)]))[0]

    async def add(self, job: Job) -> None:
        """Write a new job, in no list yet."""
        await self.write(job, ABSENT)

    async def remove(self, job: Job) -> None:
        """Remove a job with its results; lists are left as they are."""
        names = [
            keys.job(job.tenant_id, job.job_id),
            *part_keys(job),
            keys.batch_status(job.tenant_id, job.job_id),
        ]
        await self._store.write_many([Write(name, None) for name in names])

    async def put(self, job: Job, values: Iterable[tuple[str, bytes]]) -> None:
        """Write values that live as long as the job."""
        ttl = self.seconds_left(job)
        await self._store.write_many([Write(key, value, None, ttl) for key, value in values])

    async def take_back(self, names: Iterable[str]) -> None:
        """Remove keys that nothing refers to."""
        await self._store.write_many([Write(name, None) for name in names])

    async def results(self, job: Job, numbers: Sequence[int]) -> list[bytes | None]:
        """Results of parts, None for those of a part that has none, or whose results are gone."""
        claims = dict(job.results)
        known = [number for number in numbers if number in claims]
        names = [keys.job_part(job.tenant_id, job.job_id, number, claims[number]) for number in known]
        entries = dict(zip(known, await self._store.get_many(names), strict=True))
        return [None if (entry := entries.get(number)) is None else entry.value for number in numbers]

    async def listed(self, key: str) -> list[Listed]:
        """A list of jobs.

        Raises:
            DamagedJob: It cannot be read.
        """
        (entry,) = await self._store.get_many([key])
        return [] if entry is None else decode_list(entry.value)

    async def change(self, key: str, changed: Callable[[list[Listed]], list[Listed]]) -> None:
        """Change a list of jobs by compare-and-set.

        Args:
            key: Of the list.
            changed: Gives the new list; whatever it raises is raised here, and nothing is written.

        Raises:
            DependencyDown: Too many others changed it at the same time.
        """
        for _ in range(_TRIES):
            (entry,) = await self._store.get_many([key])
            old = [] if entry is None else decode_list(entry.value)
            new = changed(old)
            if new == old:
                return
            write = Write(key, encode_list(new), ABSENT if entry is None else entry.version, KEPT_SECONDS)
            if (await self._store.write_many([write]))[0]:
                return
            await self._clock.sleep(_AGAIN_SECONDS)
        raise DependencyDown("the list of jobs is being changed by too many at once; try again")

    async def close_many(self, jobs: Iterable[Listed]) -> None:
        """Take jobs off the list of those that are open."""
        gone = {(one.tenant_id, one.job_id) for one in jobs}
        if gone:
            await self.change(
                keys.open_jobs(),
                lambda listed: [one for one in listed if (one.tenant_id, one.job_id) not in gone],
            )

    def seconds_left(self, job: Job) -> int:
        """How long a job is kept from now on, at least a second."""
        return max(1, KEPT_SECONDS - (self._clock.now_ms() - job.created_ms) // 1_000)


def part_keys(job: Job) -> list[str]:
    """Keys that may hold results of a job, those too that somebody wrote who had lost it."""
    begun = {(job.parts, job.claims)} if job.claims else set[tuple[int, int]]()
    places = sorted({*job.results, *job.lost, *begun})
    return [keys.job_part(job.tenant_id, job.job_id, number, claim) for number, claim in places]
