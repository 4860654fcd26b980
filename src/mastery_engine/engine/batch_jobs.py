"""Batches: many students at once, or as a job where they are too many for that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.answers import BatchAnswer, BatchItem
from mastery_engine.contracts.job import Job, Priority, encode_batch_status
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import Conflict
from mastery_engine.engine.access import Caller
from mastery_engine.engine.job_kinds import Part, caller_of
from mastery_engine.engine.jobs import Jobs, no_such_job
from mastery_engine.engine.query import Queries, checked_batch, not_found_item
from mastery_engine.engine.reading import Reader

KIND: Final = "batch"
MOST_AT_ONCE: Final = 100
STUDENTS_A_PART: Final = 500


class BatchAsked(Struct, frozen=True):
    """What was asked for.

    Attributes:
        student_ids: Whose mastery, each once.
        course_id: A course; None means all together.
        as_of: Day at whose end it holds.
    """

    student_ids: list[str]
    course_id: str | None
    as_of: date


class BatchPage(Struct, frozen=True):
    """A batch, and some of its items.

    Attributes:
        job: Its job.
        asked: What was asked for.
        items: In the order asked for; none before the batch is done.
        after: Place of the item after these, None at the end.
    """

    job: Job
    asked: BatchAsked
    items: list[BatchItem]
    after: int | None


_asked: Final = msgspec.msgpack.Decoder(BatchAsked)
_items: Final = msgspec.msgpack.Decoder(list[BatchItem])


@final
class BatchKind:
    """Does the jobs of batches."""

    def __init__(self, queries: Queries) -> None:
        """Use the queries."""
        self._queries = queries

    async def part(self, job: Job) -> Part:
        """See `JobKind`."""
        asked = _asked.decode(job.payload)
        first = job.parts * STUDENTS_A_PART
        some = asked.student_ids[first : first + STUDENTS_A_PART]
        answer = await self._queries.batch(caller_of(job), some, course_id=asked.course_id, as_of=asked.as_of)
        done, total = first + len(some), len(asked.student_ids)
        result = msgspec.msgpack.encode(answer.items)
        return Part(done=done, total=total, is_last=done == total, result=result)

    def concerns(self, job: Job) -> Collection[str]:
        """See `JobKind`."""
        return _asked.decode(job.payload).student_ids

    def tells(self, job: Job) -> Mapping[str, bytes]:
        """See `JobKind`."""
        return {keys.batch_status(job.tenant_id, job.job_id): encode_batch_status(job)}


@final
class Batches:
    """Batches for those who ask for them."""

    def __init__(self, queries: Queries, jobs: Jobs, reader: Reader) -> None:
        """Put the parts together."""
        self._queries = queries
        self._jobs = jobs
        self._reader = reader

    async def ask(
        self,
        caller: Caller,
        student_ids: Sequence[str],
        *,
        course_id: str | None = None,
        as_of: date | None = None,
        priority: Priority = "normal",
    ) -> BatchAnswer | Job:
        """The answer for up to 100 students; a job for more, up to 1,000.

        Args:
            caller: Who asks.
            student_ids: Whose; who is named twice is answered once, in the place of the first.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.
            priority: Of the job.

        Raises:
            InvalidInput: Too many students, or none; a day out of all bounds.
            NotAllowed: The caller's role may not.
            Conflict: There are too many open jobs.
        """
        wanted = checked_batch(student_ids)
        if len(wanted) <= MOST_AT_ONCE:
            return await self._queries.batch(caller, wanted, course_id=course_id, as_of=as_of)
        tenant, day = await self._reader.day(caller, as_of)
        # Whom the caller may see is decided when it runs, and when results are read; here, whether the role may ask at all.
        await self._reader.access.permit(caller, "batch.read", [], self._reader.today(tenant))
        # Whom it is about is on record as they are looked at; that it was asked for, here.
        detail = {"batch": "asked", "students": str(len(wanted))}
        await self._reader.access.record(caller, "batch.read", [], allowed=True, detail=detail)
        asked = BatchAsked(wanted, course_id, date_of(day))
        payload = msgspec.msgpack.encode(asked)
        return await self._jobs.submit(caller, KIND, payload, total=len(wanted), priority=priority)

    async def read(self, caller: Caller, batch_id: str, first: int, limit: int) -> BatchPage:
        """How a batch stands, with results once it is done.

        A student whom the caller may see no longer is answered as one who does not exist; both kinds are on record.

        Args:
            caller: Who asks.
            batch_id: Which.
            first: Place of the first item.
            limit: Most items.

        Raises:
            NotAllowed: The role may not.
            NotFound: There is none, or it is somebody else's.
            Conflict: Results of it are gone.
        """
        job = await self._jobs.find(caller, batch_id, "batch.read", KIND)
        asked = _asked.decode(job.payload)
        last = min(first + limit, len(asked.student_ids))
        if job.state != "done" or first >= last:
            return BatchPage(job, asked, [], None)
        numbers = list(range(first // STUDENTS_A_PART, (last - 1) // STUDENTS_A_PART + 1))
        some = asked.student_ids[first:last]
        # Before they are read: nothing is looked at without a record of it.
        tenant, _ = await self._reader.day(caller, None)
        today = self._reader.today(tenant)
        visible = set(await self._reader.access.visible(caller, "batch.read", some, today))
        items: list[BatchItem] = []
        for part in await self._jobs.results(job, numbers):
            if part is None:
                if await self._jobs.book.find(job.tenant_id, job.job_id) is None:
                    raise no_such_job()
                raise Conflict("results of this batch are gone; ask for it again")
            items += _items.decode(part)
        start = first - numbers[0] * STUDENTS_A_PART
        shown = [
            item if item.student_id in visible else not_found_item(item.student_id)
            for item in items[start : start + len(some)]
        ]
        return BatchPage(job, asked, shown, last if last < len(asked.student_ids) else None)
