"""A student's mastery as a resource: an address, a tag, and nothing sent again that the caller has."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.asking import check_day, wait_for_position
from mastery_engine.api.envelope import success
from mastery_engine.api.etags import matching, tag_of
from mastery_engine.api.operation import BODILESS, IF_NONE_MATCH, POSITION, Operation
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.api.question_models import MasteryParameters

PATH: Final = "/api/v1/students/{student_id}/mastery"
CACHING: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""The caller's own cache may keep the answer, and has to ask each time before it shows it: so every look is decided anew and on
record. No proxy may keep it."""
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get(PATH)
async def mastery(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a student stands; 304 where the caller has that already."""
    asked = read_parameters(request, MasteryParameters)
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "mastery.read", asked.student_id)
    # The access is on record from here on, whether the answer is the whole or 304.
    profile = await parts.engine.queries.profile(
        caller, asked.student_id, course_id=asked.course_id, as_of=asked.date
    )
    tag = tag_of(profile)
    known = request.headers.getlist("if-none-match")
    same = matching(known, tag, "If-None-Match", strong=False) if known else None
    if same is not None:
        return Response(status_code=304, headers={"ETag": same, **CACHING})
    answer = success(request, profile)
    answer.headers.update({"ETag": tag, **CACHING})
    return answer


OPERATIONS: Final = (
    Operation(
        "mastery",
        "get",
        PATH,
        "mastery",
        "How a student stands, if that is news",
        "The same as POST /api/v1/mastery/query, with an `ETag` of `data`: sent back in `If-None-Match`, the answer is 304 for "
        "as long as neither evidence nor formula nor day has changed it. A 304 is an access like any other, and on record.",
        "QueryAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        others=((304, None),),
        action="mastery.read",
        rate=50,
        parameters=MasteryParameters,
        headers=(IF_NONE_MATCH, POSITION),
        answer_headers=("ETag",),
    ),
)
TYPES: Final[dict[str, Any]] = {}
"""Names in the document and the types behind them."""
