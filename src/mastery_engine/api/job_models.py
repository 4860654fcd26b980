"""What the routes of jobs and batches take and answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from mastery_engine.api.envelope import moment_text
from mastery_engine.api.models import AskedDay, CourseId
from mastery_engine.api.pages import Cursor, Limit
from mastery_engine.contracts.answers import BatchItem
from mastery_engine.contracts.job import Job, JobState, Priority
from mastery_engine.domain.events import StudentId
from mastery_engine.engine.query import MOST_IN_A_BATCH
from mastery_engine.engine.replay_jobs import ReplayCounts, counts_of

JobId = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="Id of a job, as the answer to asking for it told")
]


class BatchRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the mastery of many students.

    Attributes:
        student_ids: Whose; who is named twice is answered once, in the place of the first.
        course_id: One course; null or left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
        priority: Which jobs go before others, if a job is made of it.
    """

    student_ids: Annotated[list[StudentId], Meta(min_length=1, max_length=MOST_IN_A_BATCH)]
    course_id: CourseId | None = None
    date: AskedDay | None = None
    priority: Priority = "normal"


class BatchParameters(Struct, frozen=True, kw_only=True):
    """Which batch, and which of its results."""

    batch_id: JobId
    limit: Limit = 100
    cursor: Cursor | None = None


class JobParameters(Struct, frozen=True, kw_only=True):
    """Which job."""

    job_id: JobId


class ReplayRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a replay.

    Attributes:
        student_id: One student; null or left out means all who have an archived event.
        formula: What would change under this formula, changing nothing; null or left out rebuilds from the archive.
        switch: Whether a live state that differs from the rebuilt one, or is missing, is replaced.
    """

    student_id: StudentId | None = None
    formula: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    switch: bool = True


class JobView(Struct, frozen=True, kw_only=True):
    """A job.

    Attributes:
        job_id: Its id.
        kind: What it does: `batch`, `replay`, ...
        state: How it stands; the last three never change.
        priority: Which jobs go before others.
        done: How much is done.
        total: Of how much; null before that is known.
        created: When it was asked for, ISO 8601 in UTC.
        finished: When it was finished; null before.
        cancelled: Whether somebody wanted it to end; it does so after the part under way.
        error: Code of the error that it failed with, else null.
        message: The error in words, else null.
        replay: Of a replay, what it came to so far; else null.
    """

    job_id: str
    kind: str
    state: JobState
    priority: Priority
    done: int
    total: int | None
    created: str
    finished: str | None
    cancelled: bool
    error: str | None
    message: str | None
    replay: ReplayCounts | None


class BatchView(Struct, frozen=True, kw_only=True):
    """A batch that runs as a job, with results once it is done.

    Attributes:
        job: How it stands.
        as_of: Day at whose end the results hold.
        course_id: The course, null for all together.
        items: A page of results, in the order asked for; none before the job is done.
        next_cursor: Leads to the next page; null at the end.
    """

    job: JobView
    as_of: date
    course_id: str | None
    items: list[BatchItem]
    next_cursor: str | None


def view_of(job: Job) -> JobView:
    """A job as it is told."""
    return JobView(
        job_id=job.job_id,
        kind=job.kind,
        state=job.state,
        priority=job.priority,
        done=job.done,
        total=job.total,
        created=moment_text(job.created_ms),
        finished=None if job.finished_ms is None else moment_text(job.finished_ms),
        cancelled=job.cancelled or job.state == "cancelled",
        error=job.error,
        message=job.message,
        replay=counts_of(job),
    )
