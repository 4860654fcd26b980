"""Jobs and batches as they are told."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from mastery_engine.contracts.answers import BatchItem
from mastery_engine.contracts.job import JobState, Priority


class ReplayCounts(Struct, frozen=True, kw_only=True):
    """What a replay came to, in numbers.

    Attributes:
        students: Students rebuilt, or looked at under the other formula.
        events: Archived events folded; null under another formula.
        equal: Students whose live state agreed; under another formula, whose score is the same.
        different: Students whose live state differed; under another formula, whose score would be another one.
        levels: Under another formula, students whose level would be another one; null otherwise.
        missing: Students without a live state.
        switched: Students whose live document was replaced.
        behind: Students left alone, since a worker has yet to finish with them; run it again.
        erased: Students left alone, since they are erased.
    """

    students: int = 0
    events: int | None = None
    equal: int = 0
    different: int = 0
    levels: int | None = None
    missing: int = 0
    switched: int = 0
    behind: int = 0
    erased: int = 0


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
