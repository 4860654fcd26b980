"""Classes from a CSV file."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from mastery_engine.adapters.files.roster_csv import read_roster
from mastery_engine.api.bodies import MOST_BYTES, read_body
from mastery_engine.api.envelope import success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import WITH_BODY, Operation
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.roster_report import RosterReport
from mastery_engine.domain.enrolment import Mode
from mastery_engine.engine.roster_import import ACTION

MEDIA_TYPE: Final = "text/csv"
PATH: Final = "/api/v1/cohorts/import"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


class ImportParameters(Struct, frozen=True, kw_only=True):
    """How a file is taken.

    Attributes:
        mode: Whether who is not in it leaves the classes that it names (`replace`) or stays (`merge`).
        dry_run: Tell what would change, and change nothing.
    """

    mode: Mode = "replace"
    dry_run: bool = False


@router.post(PATH)
async def import_cohorts(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Classes from a CSV file."""
    asked = read_parameters(request, ImportParameters)
    # Who may not is told so before the file is read.
    await parts.engine.roster_import.permit(caller)
    file = await read_body(
        request, MOST_BYTES, "a CSV file whose first line names its columns", (MEDIA_TYPE,)
    )
    enrolments = read_roster(file)
    report = await parts.engine.roster_import.take(
        caller, enrolments, mode=asked.mode, dry_run=asked.dry_run, source="csv"
    )
    return success(request, report)


OPERATIONS: Final = (
    Operation(
        "import_cohorts",
        "post",
        PATH,
        "cohorts",
        "Classes from a CSV file",
        "Columns cohort_id, name, role (student or teacher), person_id, start and end, in at most 1 MiB. It is checked whole "
        "before anything changes, and every problem is named with its line. Who leaves a class has left it as of "
        "yesterday. Roles: admin.",
        "ImportAnswer",
        "RosterFile",
        errors=WITH_BODY,
        media_type=MEDIA_TYPE,
        asks_for=("bearer",),
        action=ACTION,
        rate=5,
        parameters=ImportParameters,
    ),
)
TYPES: Final[dict[str, Any]] = {"ImportAnswer": Success[RosterReport]}
