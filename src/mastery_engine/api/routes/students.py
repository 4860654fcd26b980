"""A student's mastery as a resource: an address, a tag, and nothing sent again that the caller has."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.asking import check_day, wait_for_position
from mastery_engine.api.news import answer_if_news
from mastery_engine.api.operation import BODILESS, IF_NONE_MATCH, POSITION, Operation
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.api.question_models import MasteryParameters

PATH: Final = "/api/v1/students/{student_id}/mastery"
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
    return answer_if_news(request, profile)


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
