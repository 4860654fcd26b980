"""A student's result as it changes, as server-sent events; and tickets for browsers, which send no token with them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Meta, Struct

from mastery_engine.adapters.auth import Claims
from mastery_engine.api.accept import best_of
from mastery_engine.api.admission import admission_of
from mastery_engine.api.envelope import moment_text, success
from mastery_engine.api.errors import CredentialsMissing, Refusal
from mastery_engine.api.event_stream import event_stream
from mastery_engine.api.models import CourseId, Success
from mastery_engine.api.operation import BODILESS, EVENT_STREAM, JSON, Operation
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import Parts, PartsNeeded, bearer_of, caller_with, check_accept, claims_by
from mastery_engine.contracts.answers import LiveResult
from mastery_engine.contracts.stream_ticket import StreamTicket
from mastery_engine.domain.errors import NotAuthenticated
from mastery_engine.domain.events import StudentId
from mastery_engine.engine.live_moments import Admission, Following
from mastery_engine.engine.live_updates import ACTION
from mastery_engine.engine.stream_tickets import TICKET_SECONDS

LAST_ID: Final = "Last-Event-ID"
_TICKET_BYTES: Final = 32
router: Final = APIRouter(prefix="/api/v1")


class StreamParameters(Struct, frozen=True, kw_only=True):
    """What is followed.

    Attributes:
        student_id: Whose result.
        course_id: One course; left out means all together.
        ticket: In the place of a token, once; see the route that gives them.
        last_event_id: What `Last-Event-ID` says, for those who cannot send it: the header counts where both are there.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    ticket: Annotated[str, Meta(max_length=100)] | None = None
    last_event_id: Annotated[str, Meta(max_length=200)] | None = None


class TicketParameters(Struct, frozen=True, kw_only=True):
    """Whose result is to be followed.

    Attributes:
        student_id: The student.
    """

    student_id: StudentId


@router.get("/students/{student_id}/stream")
async def stream(request: Request, parts: PartsNeeded) -> Response:
    """A student's result as it changes."""
    _check_accept(request)
    asked = read_parameters(request, StreamParameters)
    claims = await _claims(request, parts, asked)
    caller = caller_with(request, claims)
    await parts.limits.admit(request, caller)
    since = request.headers.get(LAST_ID) or asked.last_event_id
    following = Following(student_id=asked.student_id, course_id=asked.course_id, since=since)
    admission = Admission(int(claims.exp * 1_000), _holding(parts, claims))
    parts.seats.take(caller)
    try:
        moments = await parts.engine.live_updates.open(caller, following, admission)
    except BaseException:
        parts.seats.leave(caller)
        raise
    # It takes a seat and no place of a request; from here on the answer leaves the seat.
    admission_of(request).stay()
    return event_stream(moments, lambda: parts.seats.leave(caller))


@router.post("/students/{student_id}/stream-ticket")
async def ticket(request: Request, parts: PartsNeeded) -> Response:
    """A ticket for one stream."""
    await check_accept(request)
    asked = read_parameters(request, TicketParameters)
    claims = await claims_by(request, bearer_of(request))
    engine, caller = parts.engine, caller_with(request, claims)
    await parts.limits.admit(request, caller)
    tenant, _ = await engine.reader.day(caller, None)
    detail = {"stream": "ticket"}
    await engine.access.permit(caller, ACTION, [asked.student_id], engine.reader.today(tenant), detail)
    text = secrets.token_urlsafe(_TICKET_BYTES)
    await engine.stream_tickets.give(text, asked.student_id, msgspec.json.encode(claims))
    expires = moment_text(engine.adapters.clock.now_ms() + TICKET_SECONDS * 1_000)
    return success(request, StreamTicket(ticket=text, expires=expires), 201)


async def _claims(request: Request, parts: Parts, asked: StreamParameters) -> Claims:
    """Of the token, or of the one that the ticket was asked for with."""
    if asked.ticket is None:
        return await claims_by(request, bearer_of(request))
    if "authorization" in request.headers:
        raise CredentialsMissing("send a token or a ticket, not both")
    with parts.guessers.watched(request, asked.ticket):
        found = await parts.engine.stream_tickets.use(asked.ticket)
        if found is None or found.student_id != asked.student_id:
            message = "the ticket is not valid: each holds once, for a minute, for one student"
            raise NotAuthenticated(message, "ticket")
        claims = msgspec.json.decode(found.claims, type=Claims)
        await _check(parts, claims)
    return claims


def _holding(parts: Parts, claims: Claims) -> Callable[[], Awaitable[bool]]:
    """Whether the token that it began with was not revoked; its end is told apart."""

    async def holds() -> bool:
        try:
            await _check(parts, claims)
        except NotAuthenticated:
            return False
        return True

    return holds


async def _check(parts: Parts, claims: Claims) -> None:
    await parts.engine.revocations.check(claims.tenant_id, claims.sub, claims.jti, claims.iat)


def _check_accept(request: Request) -> None:
    if best_of(request.headers.getlist("accept"), (EVENT_STREAM,)) is None:
        message = f"a stream is {EVENT_STREAM}; let Accept name it, or leave Accept out"
        raise Refusal("NOT_ACCEPTABLE", message)


OPERATIONS: Final = (
    Operation(
        "stream",
        "get",
        "/api/v1/students/{student_id}/stream",
        "mastery",
        "A student's result as it changes",
        "Server-sent events: first `snapshot`, then `update` after each change, each the whole of a LiveResult; a "
        "comment every 15 seconds; and `end` with a reason, last. With `Last-Event-ID` there is no snapshot where "
        "nothing was missed, and one update for all that was. Access is looked at again every 30 seconds and before "
        "an update; the stream ends with the token, with the access, and with the process. Its opening is on record, "
        "and each hour that it goes on. Roles: student, teacher, admin.",
        "LiveResult",
        errors=(*BODILESS, "RATE_LIMITED"),
        asks_for=("bearer",),
        action=ACTION,
        rate=50,
        parameters=StreamParameters,
        headers=((LAST_ID, "`id` of the last event that the caller has; what came after it is told."),),
        answers_with=(EVENT_STREAM,),
    ),
    Operation(
        "ticket",
        "post",
        "/api/v1/students/{student_id}/stream-ticket",
        "mastery",
        "A ticket for one stream",
        "For browsers, whose EventSource sends no token: opens one stream of this student within 60 seconds, as the parameter "
        "`ticket`, for the caller who has asked and as long as the token of the asking holds. Roles: student, teacher, admin.",
        "StreamTicketAnswer",
        status=201,
        errors=BODILESS,
        asks_for=("bearer",),
        action=ACTION,
        rate=50,
        parameters=TicketParameters,
        answers_with=(JSON,),
    ),
)
TYPES: Final[dict[str, Any]] = {"StreamTicketAnswer": Success[StreamTicket], "LiveResult": LiveResult}
