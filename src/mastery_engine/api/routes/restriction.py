"""Restriction of processing (GDPR, Article 18): set and lifted by a school's admins."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from mastery_engine.api.envelope import success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import BODILESS, Link, Operation
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.answers import RestrictionView
from mastery_engine.domain.events import StudentId

PATH: Final = "/api/v1/students/{student_id}/restriction"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


class RestrictionPath(Struct, frozen=True, kw_only=True):
    """Whose restriction."""

    student_id: StudentId


@router.put(PATH)
async def restrict(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Set it."""
    asked = read_parameters(request, RestrictionPath)
    return success(request, await parts.engine.restricting.restrict(caller, asked.student_id))


@router.delete(PATH)
async def unrestrict(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Lift it."""
    asked = read_parameters(request, RestrictionPath)
    return success(request, await parts.engine.restricting.lift(caller, asked.student_id))


OPERATIONS: Final = (
    Operation(
        "restrict",
        "put",
        PATH,
        "privacy",
        "Restrict the processing of a student's data",
        "Everything stays stored and events go on being counted, so that nothing is lost; but from now on nobody reads results "
        "of the student, save the student, and who exports everything held on them. For all others it is as if the student did "
        "not exist. Of one whom nothing is known of, too. Safe to repeat. Role: admin.",
        "RestrictionAnswer",
        errors=(*BODILESS, "CONFLICT"),
        asks_for=("bearer",),
        action="restriction.write",
        rate=30,
        parameters=RestrictionPath,
        links=(
            Link("unrestrict", "student_id", "$request.path.student_id"),
            Link("mastery", "student_id", "$request.path.student_id"),
        ),
    ),
    Operation(
        "unrestrict",
        "delete",
        PATH,
        "privacy",
        "Lift the restriction of a student",
        "Results are read again, with all that came meanwhile; outputs that were kept back are not sent later. Safe to repeat. "
        "Role: admin.",
        "RestrictionAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        action="restriction.write",
        rate=30,
        parameters=RestrictionPath,
    ),
)
TYPES: Final[dict[str, Any]] = {"RestrictionAnswer": Success[RestrictionView]}
"""Names in the document and the types behind them."""
