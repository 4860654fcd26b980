"""What the routes of jobs and batches take and answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mastery_engine.api.envelope import moment_text
from mastery_engine.api.models import AskedDay, CourseId
from mastery_engine.api.pages import Cursor, Limit
from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.job import Job, Priority
from mastery_engine.contracts.job_view import JobView
from mastery_engine.domain.events import StudentId
from mastery_engine.engine.query import MOST_IN_A_BATCH
from mastery_engine.engine.replay_jobs import counts_of

JobId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{32}\Z",
        extra={RULE: "must be 32 digits and letters a to f, as the answer told it"},
        description="Id of a job, as the answer to asking for it told",
    ),
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
