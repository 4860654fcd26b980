"""Everything held on a student, as a zip that is sent while it is made."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from mastery_engine.api.accept import best_of
from mastery_engine.api.admission import admission_of
from mastery_engine.api.errors import Refusal
from mastery_engine.api.long_answer import LongAnswer
from mastery_engine.api.operation import BODILESS, JSON, PLAIN, ZIP, Operation
from mastery_engine.api.parameters import read_parameters, refuse_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.student_export import export_schema
from mastery_engine.domain.events import StudentId

PATH: Final = "/api/v1/students/{student_id}/export"
SCHEMA_PATH: Final = "/api/v1/schemas/student-export"
router: Final = APIRouter()


class ExportPath(Struct, frozen=True, kw_only=True):
    """Whose data."""

    student_id: StudentId


@router.get(PATH)
async def export(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """The zip."""
    if best_of(request.headers.getlist("accept"), (ZIP,)) is None:
        raise Refusal("NOT_ACCEPTABLE", f"the answer is {ZIP}; let Accept name it, or leave Accept out")
    asked = read_parameters(request, ExportPath)
    parts.seats.take(caller)
    try:
        # On record, and known to be there, before the first byte leaves.
        chunks = await parts.engine.student_exports.zip(caller, asked.student_id)
    except BaseException:
        parts.seats.leave(caller)
        raise
    # Who has a slow connection is not cut off, and takes no place of a request meanwhile.
    admission_of(request).stay()
    name = f"{caller.tenant_id}-{asked.student_id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return LongAnswer(chunks, lambda: parts.seats.leave(caller), ZIP, headers)


@router.get(SCHEMA_PATH, dependencies=[Depends(check_accept)])
async def schema(request: Request) -> Response:
    """The form of the JSON files in it."""
    refuse_parameters(request)
    return Response(msgspec.json.encode(export_schema()), media_type=JSON)


OPERATIONS: Final = (
    Operation(
        "export_student",
        "get",
        PATH,
        "privacy",
        "Everything held on a student",
        "A zip with JSON, CSV, a page to read, and a manifest with SHA-256: profile, stored evidence, every event, dead "
        "letters, classes, who has seen the data, requests. A zip that breaks off has no end, and no program opens it. A "
        "student has their own, an admin those of the school; teachers none.",
        None,
        errors=BODILESS,
        asks_for=("bearer",),
        action="student.export",
        rate=2,
        parameters=ExportPath,
        answers_with=(ZIP,),
    ),
    Operation(
        "export_schema",
        "get",
        SCHEMA_PATH,
        "privacy",
        "The form of an export",
        "JSON Schema (2020-12) of the JSON files in the zip; the zip has it too.",
        None,
        errors=("VALIDATION_ERROR", *PLAIN),
    ),
)
TYPES: Final[dict[str, Any]] = {}
"""The zip has its own schema."""
