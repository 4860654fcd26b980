"""Erasing a student, and the requests about data: what was asked for, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta, Struct
from msgspec.structs import replace

from mastery_engine.api.envelope import moment_text, success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import BODILESS, Link, Operation, in_answer
from mastery_engine.api.pages import Cursor, Limit, Page, cursor_after, key_before
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.api.routes.mastery import PREFIX
from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.privacy_request import PrivacyRequest, RequestView
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import StudentId

RequestId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z",
        extra={RULE: "must be a UUID in lower case, as the answer to asking told it"},
        description="Id of a request, a UUID",
    ),
]
router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


class StudentParameters(Struct, frozen=True, kw_only=True):
    """Which student."""

    student_id: StudentId


class RequestParameters(Struct, frozen=True, kw_only=True):
    """Which request."""

    request_id: RequestId


class RequestsParameters(Struct, frozen=True, kw_only=True):
    """Which page of the requests."""

    limit: Limit = 100
    cursor: Cursor | None = None


@router.delete("/students/{student_id}")
async def erase(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Erase a student."""
    asked = read_parameters(request, StudentParameters)
    made = await parts.engine.erasures.ask(caller, asked.student_id)
    # What was found already would tell whether the student is known.
    response = success(request, view_of(replace(made, progress={})), 202)
    response.headers["Location"] = f"{PREFIX}/privacy/requests/{made.request_id}"
    return response


@router.get("/privacy/requests")
async def requests(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """The requests of the school."""
    asked = read_parameters(request, RequestsParameters)
    found = await parts.engine.erasures.list(caller, after=_place(asked.cursor), limit=asked.limit + 1)
    items = [view_of(one) for one in found[: asked.limit]]
    last = found[asked.limit - 1] if len(found) > asked.limit else None
    cursor = None if last is None else cursor_after(f"{last.asked_ms} {last.request_id}")
    return success(request, Page(items=items, next_cursor=cursor))


@router.get("/privacy/requests/{request_id}")
async def read_request(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """One request."""
    asked = read_parameters(request, RequestParameters)
    return success(request, view_of(await parts.engine.erasures.show(caller, asked.request_id)))


@router.post("/privacy/requests/{request_id}/lift")
async def lift(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Let new events of an erased student count again."""
    asked = read_parameters(request, RequestParameters)
    return success(request, view_of(await parts.engine.erasures.lift(caller, asked.request_id)))


def view_of(request: PrivacyRequest) -> RequestView:
    """A request as it is shown; whom it is about stays under its hash."""
    return RequestView(
        request_id=request.request_id,
        kind=request.kind,
        state=request.state,
        subject=request.subject,
        asked_at=moment_text(request.asked_ms),
        asked_by=request.asked_by,
        changed_at=moment_text(request.changed_ms),
        progress=request.progress,
        report=request.report,
    )


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    moment, _, request_id = key_before(cursor).partition(" ")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 15 and request_id):  # noqa: PLR2004 - in milliseconds
        raise InvalidInput.of(
            Problem("cursor", cursor[:100], "must be the `next_cursor` of a page of this list")
        )
    return int(moment), request_id


OPERATIONS: Final = (
    Operation(
        "erase",
        "delete",
        "/api/v1/students/{student_id}",
        "privacy",
        "Erase a student",
        "In force at once: no event of the student counts or is kept from now on. What there is goes in minutes; how far it "
        "is, and the report, are at `Location`. Whether the student is known is not told. A student's own request is made "
        "through the school. Roles: admin.",
        "RequestAnswer",
        status=202,
        errors=BODILESS,
        asks_for=("bearer",),
        action="privacy.erase",
        rate=5,
        parameters=StudentParameters,
        links=(
            Link("privacy_request", "request_id", in_answer("request_id")),
            Link("lift_erasure", "request_id", in_answer("request_id")),
        ),
    ),
    Operation(
        "privacy_requests",
        "get",
        "/api/v1/privacy/requests",
        "privacy",
        "Requests about data",
        "Those of the school of any kind, newest first. Students are under keyed hashes. Roles: admin.",
        "RequestsAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="privacy.read",
        rate=50,
        parameters=RequestsParameters,
        links=(Link("privacy_request", "request_id", in_answer("items/0/request_id")),),
    ),
    Operation(
        "privacy_request",
        "get",
        "/api/v1/privacy/requests/{request_id}",
        "privacy",
        "A request, and its report",
        "The report of an erasure tells how much was removed of each kind, that a look at the stores found nothing left, and "
        "by when the last copies in topics are gone. Roles: admin.",
        "RequestAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="privacy.read",
        rate=50,
        parameters=RequestParameters,
        links=(Link("lift_erasure", "request_id", in_answer("request_id")),),
    ),
    Operation(
        "lift_erasure",
        "post",
        "/api/v1/privacy/requests/{request_id}/lift",
        "privacy",
        "Lift an erasure that is done",
        "New events of the student count again; those that are not newer than the asking stay refused, and nothing comes back. "
        "Roles: admin.",
        "RequestAnswer",
        errors=(*BODILESS, "CONFLICT"),
        asks_for=("bearer",),
        action="privacy.lift",
        rate=5,
        parameters=RequestParameters,
    ),
)
TYPES: Final[dict[str, Any]] = {
    "RequestAnswer": Success[RequestView],
    "RequestsAnswer": Success[Page[RequestView]],
}
"""Names in the document and the types behind them."""
