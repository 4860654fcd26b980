"""What does the jobs of one kind, part after part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, cast

from msgspec import Struct

from mastery_engine.contracts.job import Job
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import Role


class Part(Struct, frozen=True, kw_only=True):
    """What came of a part of a job.

    Attributes:
        done: How much of the job is done now.
        total: Of how much.
        is_last: Whether nothing is left.
        result: To be kept beside the job, of at most some 100 KB; None where there is nothing to keep.
        note: Takes the place of the job's note; None leaves it.
    """

    done: int
    total: int
    is_last: bool
    result: bytes | None = None
    note: bytes | None = None


class JobKind(Protocol):
    """What does the jobs of one kind."""

    async def part(self, job: Job) -> Part:
        """Do the next part, which takes seconds: the job may be claimed by another process after a minute.

        `job.parts` are done, and `job.note` is the last one's. A part may be done more than once, and by several at the same
        time, when a process is late; one of them counts. Access is decided anew in each part (`caller_of`).

        Raises:
            DependencyDown: The part is done again later.
            MasteryError: The job has failed.
        """
        ...

    def concerns(self, job: Job) -> Collection[str]:
        """Ids of the students whom payload, note or results may name."""
        ...

    def tells(self, job: Job) -> Mapping[str, bytes]:
        """By key, what the store shows of its progress to those who read it directly."""
        ...


def caller_of(job: Job) -> Caller:
    """For whom a job works."""
    return Caller(
        tenant_id=job.tenant_id, subject=job.subject, role=cast("Role", job.role), request_id=job.request_id
    )
