"""`/audit`: who did what to whose data, for those who look after a school; and for a student, who saw the data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import UNSET, Meta, Struct, UnsetType

from mastery_engine.adapters.auth import MOST_SUBJECT
from mastery_engine.api.envelope import moment_text, success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import BODILESS, Operation
from mastery_engine.api.pages import Cursor, Limit, Page, cursor_after, key_before
from mastery_engine.api.parameters import read_parameters, refuse_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.audit_seals import REGISTER
from mastery_engine.contracts.audit_views import AccessItem, AuditItem, AuditState
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import StudentId
from mastery_engine.engine.audit_search import Wanted, item_of
from mastery_engine.ports import AuditRecord

router: Final = APIRouter(prefix="/api/v1", dependencies=[Depends(check_accept)])
_LONGEST: Final = 18
Word = Annotated[str, Meta(min_length=1, max_length=100)]
Actor = Annotated[str, Meta(min_length=1, max_length=MOST_SUBJECT)]
Moment = Annotated[datetime, Meta(tz=True)]


class AuditParameters(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which records: those that fit everything that is given."""

    student_id: StudentId | UnsetType = UNSET
    actor: Actor | UnsetType = UNSET
    action: Word | UnsetType = UNSET
    allowed: bool | UnsetType = UNSET
    request_id: Word | UnsetType = UNSET
    from_: Moment | UnsetType = UNSET
    to: Moment | UnsetType = UNSET
    limit: Limit = 100
    cursor: Cursor | UnsetType = UNSET


class AccessesParameters(Struct, frozen=True, kw_only=True):
    """Whose, and which page."""

    student_id: StudentId
    limit: Limit = 100
    cursor: Cursor | UnsetType = UNSET


@router.get("/audit")
async def search(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Records of the school."""
    asked = read_parameters(request, AuditParameters)
    wanted = Wanted(
        student_id=asked.student_id or None,
        actor=asked.actor or None,
        action=asked.action or None,
        allowed=None if asked.allowed is UNSET else asked.allowed,
        request_id=asked.request_id or None,
        from_ms=_ms(asked.from_),
        before_ms=_ms(asked.to),
    )
    before = _before(asked.cursor)
    found = await parts.engine.audit.search(caller, wanted, before=before, limit=asked.limit + 1)
    page = found[: asked.limit]
    items = [item_of(record) for record in page]
    return success(request, Page(items=items, next_cursor=_next(found, page)))


@router.get("/audit/verify")
async def verify(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Whether the chain holds."""
    refuse_parameters(request)
    chain, register = await parts.engine.audit.verify(caller)
    assert register.tenant_id == REGISTER  # noqa: S101 - it comes last
    state = AuditState(
        holds=chain.holds and register.holds,
        records=chain.records,
        last_hash=chain.last_hash,
        broken_at=chain.broken_at,
        problem=chain.problem,
        heads=chain.heads,
        register_holds=register.holds,
    )
    return success(request, state)


@router.get("/students/{student_id}/accesses")
async def accesses(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Who saw a student's data."""
    asked = read_parameters(request, AccessesParameters)
    desk = parts.engine.audit
    before = _before(asked.cursor)
    found = await desk.accesses(caller, asked.student_id, before=before, limit=asked.limit + 1)
    page = found[: asked.limit]
    own = desk.hash_of(caller.tenant_id, asked.student_id)
    items = [_access(record, own) for record in page]
    return success(request, Page(items=items, next_cursor=_next(found, page)))


def _access(record: AuditRecord, own: str) -> AccessItem:
    entry = record.entry
    by: str | None = entry.actor
    if entry.role == "student":
        # Students learn nothing of each other, not even a hash by which one could be known again.
        by = "self" if entry.actor == own else None
    return AccessItem(
        at=moment_text(entry.at_ms), by=by, role=entry.role, action=entry.action, allowed=entry.allowed
    )


def _next(found: list[AuditRecord], page: list[AuditRecord]) -> str | None:
    return cursor_after(str(page[-1].sequence)) if len(found) > len(page) else None


def _before(cursor: str | UnsetType) -> int | None:
    key = key_before(cursor or None)
    if key and not (key.isascii() and key.isdecimal() and len(key) <= _LONGEST):
        raise InvalidInput.of(
            Problem("cursor", "not shown", "must be the `next_cursor` of a page of this list")
        )
    return int(key) if key else None


def _ms(moment: datetime | UnsetType) -> int | None:
    return round(moment.timestamp() * 1_000) if moment else None


OPERATIONS: Final = (
    Operation(
        "audit",
        "get",
        "/api/v1/audit",
        "audit",
        "Who did what to whose data",
        "Records of the school's audit trail, the newest first: `from` and after, before `to`, and all that is given. "
        "Students stand there as keyed hashes; `student_id` is hashed here, so that the records about one are found. The look "
        "is on record itself. Role: admin.",
        "AuditAnswer",
        errors=tuple(code for code in BODILESS if code != "NOT_FOUND"),
        asks_for=("bearer",),
        action="audit.read",
        rate=30,
        parameters=AuditParameters,
    ),
    Operation(
        "audit_verify",
        "get",
        "/api/v1/audit/verify",
        "audit",
        "Whether the audit trail holds",
        "Goes through the school's whole chain: every record, the seal of its end, the signed heads of its days, and the index "
        "by which it is searched. The look is on record itself. Role: admin.",
        "AuditStateAnswer",
        errors=tuple(code for code in BODILESS if code != "NOT_FOUND"),
        asks_for=("bearer",),
        action="audit.verify",
        rate=1,
    ),
    Operation(
        "accesses",
        "get",
        "/api/v1/students/{student_id}/accesses",
        "audit",
        "Who saw a student's data",
        "Every access to the student's data, allowed or refused, the newest first; this one too. Staff are named by the "
        "subject of their tokens, other students are not. A student sees their own, an admin those of the school.",
        "AccessesAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="accesses.read",
        rate=30,
        parameters=AccessesParameters,
    ),
)
TYPES: Final[dict[str, Any]] = {
    "AuditAnswer": Success[Page[AuditItem]],
    "AuditStateAnswer": Success[AuditState],
    "AccessesAnswer": Success[Page[AccessItem]],
}
"""Names in the document and the types behind them."""
