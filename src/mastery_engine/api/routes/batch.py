"""Many students at once: answered directly, or as a job."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.bodies import read_model
from mastery_engine.api.envelope import success
from mastery_engine.api.job_models import BatchParameters, BatchRequest, view_of
from mastery_engine.api.models import Success
from mastery_engine.api.operation import BODILESS, WITH_BODY, Link, Operation, in_answer
from mastery_engine.api.pages import cursor_after, key_before
from mastery_engine.api.parameters import read_parameters, refuse_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.api.routes.mastery import PREFIX, check_day
from mastery_engine.contracts.answers import BatchAnswer
from mastery_engine.contracts.job import Job
from mastery_engine.contracts.job_view import BatchView, JobView
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.engine.query import MOST_IN_A_BATCH

router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


@router.post("/batch/mastery")
async def batch(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How many students stand."""
    refuse_parameters(request)
    asked = await read_model(request, BatchRequest)
    check_day(asked.date)
    answer = await parts.engine.batches.ask(
        caller, asked.student_ids, course_id=asked.course_id, as_of=asked.date, priority=asked.priority
    )
    if isinstance(answer, Job):
        response = success(request, view_of(answer), 202)
        response.headers["Location"] = f"{PREFIX}/batch/{answer.job_id}"
        return response
    return success(request, answer)


@router.get("/batch/{batch_id}")
async def read_batch(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a batch stands, with a page of results."""
    asked = read_parameters(request, BatchParameters)
    page = await parts.engine.batches.read(caller, asked.batch_id, _place(asked.cursor), asked.limit)
    view = BatchView(
        job=view_of(page.job),
        as_of=page.asked.as_of,
        course_id=page.asked.course_id,
        items=page.items,
        next_cursor=None if page.after is None else cursor_after(str(page.after)),
    )
    return success(request, view)


def _place(cursor: str | None) -> int:
    key = key_before(cursor) or "0"
    if not (key.isascii() and key.isdecimal() and int(key[:9]) <= MOST_IN_A_BATCH):
        rule = "must be the `next_cursor` of a page of this list"
        raise InvalidInput.of(Problem("cursor", (cursor or "")[:100], rule))
    return int(key)


OPERATIONS: Final = (
    Operation(
        "batch",
        "post",
        "/api/v1/batch/mastery",
        "batch",
        "How many students stand",
        "Up to 100 students are answered at once (200), up to 1,000 as a job (202), whose progress and results are at "
        "`Location`. Each student has a result or an error of their own: who does not exist, has no event, or may not be "
        "seen is NOT_FOUND. Whom a caller may see is decided when the results are made and again when they are read. At most "
        "10 jobs of a caller and 100 of a school are open, else 409. Roles: teacher, admin.",
        "BatchAnswered",
        "BatchRequest",
        errors=(*WITH_BODY, "CONFLICT"),
        asks_for=("bearer",),
        others=((202, "JobAnswer"),),
        action="batch.read",
        rate=5,
        links=(
            Link("read_batch", "batch_id", in_answer("job_id"), 202),
            Link("read_job", "job_id", in_answer("job_id"), 202),
            Link("cancel_job", "job_id", in_answer("job_id"), 202),
        ),
    ),
    Operation(
        "read_batch",
        "get",
        "/api/v1/batch/{batch_id}",
        "batch",
        "Progress and results of a batch",
        "Progress while the job runs; once it is done, its results page by page. Of a student whom the caller may see no "
        "longer there is no result. For who asked for it, and admins of the school; kept for 7 days, or until a student in "
        "it is erased.",
        "BatchViewAnswer",
        errors=(*BODILESS, "CONFLICT"),
        asks_for=("bearer",),
        action="batch.read",
        rate=5,
        parameters=BatchParameters,
        links=(Link("cancel_job", "job_id", in_answer("job/job_id")),),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "BatchRequest": BatchRequest,
    "BatchAnswered": Success[BatchAnswer],
    "BatchViewAnswer": Success[BatchView],
    "JobAnswer": Success[JobView],
}
