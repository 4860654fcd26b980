"""What takes longer than an answer: looked at, cancelled; and replays, which always do."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.bodies import read_model
from mastery_engine.api.envelope import success
from mastery_engine.api.job_models import JobParameters, ReplayRequest, view_of
from mastery_engine.api.operation import BODILESS, WITH_BODY, Link, Operation, in_answer
from mastery_engine.api.parameters import read_parameters, refuse_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.api.routes.mastery import PREFIX
from mastery_engine.engine.replay_jobs import ReplayAsked

router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


@router.get("/jobs/{job_id}")
async def read_job(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a job stands."""
    asked = read_parameters(request, JobParameters)
    return success(request, view_of(await parts.engine.jobs.find(caller, asked.job_id)))


@router.delete("/jobs/{job_id}")
async def cancel_job(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Let a job end."""
    asked = read_parameters(request, JobParameters)
    return success(request, view_of(await parts.engine.jobs.cancel(caller, asked.job_id)))


@router.post("/replays")
async def replay(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Rebuild from the archive, or see what another formula would change."""
    refuse_parameters(request)
    asked = await read_model(request, ReplayRequest)
    job = await parts.engine.replays.ask(caller, ReplayAsked(asked.student_id, asked.formula, asked.switch))
    response = success(request, view_of(job), 202)
    response.headers["Location"] = f"{PREFIX}/jobs/{job.job_id}"
    return response


OPERATIONS: Final = (
    Operation(
        "read_job",
        "get",
        "/api/v1/jobs/{job_id}",
        "jobs",
        "How a job stands",
        "State and progress. For who asked for it, and admins of the school; jobs are kept for 7 days.",
        "JobAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="jobs.read",
        rate=50,
        parameters=JobParameters,
        links=(Link("cancel_job", "job_id", in_answer("job_id")),),
    ),
    Operation(
        "cancel_job",
        "delete",
        "/api/v1/jobs/{job_id}",
        "jobs",
        "Cancel a job",
        "Ends at once if nobody works on it, else after the part under way. What is finished stays as it is, and the answer is "
        "the same. For who asked for it, and admins of the school.",
        "JobAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="jobs.cancel",
        rate=20,
        parameters=JobParameters,
    ),
    Operation(
        "replay",
        "post",
        "/api/v1/replays",
        "jobs",
        "Rebuild students from the archive",
        "A job that rebuilds one student or all from the archived events, compares, and replaces what differs (`switch`); or, "
        "with a formula, tells how many scores and levels it would change, and changes nothing. Its counts are in `replay` "
        "of the job, which is at `Location`. Roles: admin.",
        "JobAnswer",
        "ReplayRequest",
        202,
        (*WITH_BODY, "CONFLICT"),
        asks_for=("bearer",),
        action="replay.run",
        rate=5,
        links=(
            Link("read_job", "job_id", in_answer("job_id")),
            Link("cancel_job", "job_id", in_answer("job_id")),
        ),
    ),
)
TYPES: Final[dict[str, Any]] = {"ReplayRequest": ReplayRequest}
