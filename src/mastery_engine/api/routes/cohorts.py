"""Classes: a teacher looks at their own, an admin keeps those of the school."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.bodies import read_model
from mastery_engine.api.cohort_models import CohortParameters, CohortRequest, CohortsParameters, cohort_of
from mastery_engine.api.envelope import success
from mastery_engine.api.etags import matching, tag_of
from mastery_engine.api.models import Code, Success
from mastery_engine.api.news import answer_if_news
from mastery_engine.api.operation import (
    BODILESS,
    IF_MATCH,
    IF_NOBODY,
    IF_NONE_MATCH,
    WITH_BODY,
    Link,
    Operation,
    in_answer,
)
from mastery_engine.api.pages import Page, cursor_after, key_before
from mastery_engine.api.parameters import read_parameters
from mastery_engine.api.parts import CallerNeeded, PartsNeeded, check_accept
from mastery_engine.contracts.cohort_summary import CohortSummary
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.engine.cohorts import Condition

LIST: Final = "/api/v1/cohorts"
PATH: Final = f"{LIST}/{{cohort_id}}"
_IF_MATCH: Final = "If-Match"
_IF_NONE_MATCH: Final = "If-None-Match"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get(LIST)
async def cohorts(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Classes, page after page."""
    asked = read_parameters(request, CohortsParameters)
    items, more_after = await parts.engine.cohorts.list(
        caller, after=key_before(asked.cursor), limit=asked.limit
    )
    cursor = None if more_after is None else cursor_after(more_after)
    return success(request, Page(items=items, next_cursor=cursor))


@router.get(PATH)
async def cohort(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """One class."""
    asked = read_parameters(request, CohortParameters)
    # The access is on record from here on, whether the answer is the whole or 304.
    found = await parts.engine.cohorts.get(caller, asked.cohort_id)
    return answer_if_news(request, found)


@router.put(PATH)
async def put_cohort(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """A class made, or another roster in the place of its old one."""
    asked = read_parameters(request, CohortParameters)
    sent = cohort_of(asked.cohort_id, await read_model(request, CohortRequest))
    change = await parts.engine.cohorts.put(caller, sent, _condition(request))
    return _answer(request, change.cohort, 201 if change.made else 200)


@router.delete(PATH)
async def delete_cohort(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """A class removed."""
    asked = read_parameters(request, CohortParameters)
    gone = await parts.engine.cohorts.delete(caller, asked.cohort_id, _condition(request))
    return success(request, gone)


def _answer(request: Request, found: Cohort, status: int = 200) -> Response:
    answer = success(request, found, status)
    answer.headers["ETag"] = tag_of(found)
    return answer


def _condition(request: Request) -> Condition | None:
    """What the caller says that the class is like.

    Raises:
        InvalidInput: A header holds no tags; or `If-None-Match` asks for something else than that there be none.
    """
    known, absent = request.headers.getlist(_IF_MATCH), request.headers.getlist(_IF_NONE_MATCH)
    if absent:
        if known or absent != ["*"]:
            rule = "must be *, without If-Match: it says that there is no such class yet"
            raise InvalidInput.of(Problem(_IF_NONE_MATCH, ", ".join(absent)[:100], rule))
        return lambda before: before is None
    if not known:
        return None
    # Read once here, so that a header that is none is told before anything is looked at.
    matching(known, "", _IF_MATCH, strong=True)
    return lambda before: (
        before is not None and matching(known, tag_of(before), _IF_MATCH, strong=True) is not None
    )


_WRITES: Final[tuple[Code, ...]] = (*(code for code in WITH_BODY if code != "NOT_FOUND"), "CONFLICT")
OPERATIONS: Final = (
    Operation(
        "put_cohort",
        "put",
        PATH,
        "cohorts",
        "Make or replace a class",
        "The whole roster: what is left out is empty. A teacher sees a student while both are in the class. With the `ETag` of "
        "a read in `If-Match` it is replaced only if nobody else has changed it meanwhile, and with `If-None-Match: *` only "
        "made; else the answer is 409. 201 if there was none, else 200. Role: admin.",
        "CohortAnswer",
        "CohortRequest",
        201,
        errors=_WRITES,
        asks_for=("bearer",),
        others=((200, "CohortAnswer"),),
        action="cohorts.write",
        rate=30,
        parameters=CohortParameters,
        headers=(IF_MATCH, IF_NOBODY),
        answer_headers=("ETag",),
        links=(
            Link("cohort", "cohort_id", "$request.path.cohort_id"),
            Link("delete_cohort", "cohort_id", "$request.path.cohort_id"),
        ),
    ),
    Operation(
        "cohorts",
        "get",
        LIST,
        "cohorts",
        "List classes",
        "In the order of their ids, with their size and teachers of today; an admin's are all, a teacher's own ones. A page "
        "may be shorter than `limit` before the end: there is more for as long as `next_cursor` is not "
        "null. Roles: teacher, admin.",
        "CohortsAnswer",
        errors=tuple(code for code in BODILESS if code != "NOT_FOUND"),
        asks_for=("bearer",),
        action="cohorts.read",
        rate=30,
        parameters=CohortsParameters,
        links=(Link("cohort", "cohort_id", in_answer("items/0/cohort_id")),),
    ),
    Operation(
        "cohort",
        "get",
        PATH,
        "cohorts",
        "One class",
        "With all memberships for admins, and for its teacher with those students who are in it today. With its `ETag` in "
        "`If-None-Match` the answer is 304 for as long as that is the same. Roles: teacher, admin.",
        "CohortAnswer",
        errors=BODILESS,
        asks_for=("bearer",),
        others=((304, None),),
        headers=(IF_NONE_MATCH,),
        action="cohorts.read",
        rate=30,
        parameters=CohortParameters,
        answer_headers=("ETag",),
        links=(
            Link("put_cohort", "cohort_id", "$request.path.cohort_id"),
            Link("delete_cohort", "cohort_id", "$request.path.cohort_id"),
        ),
    ),
    Operation(
        "delete_cohort",
        "delete",
        PATH,
        "cohorts",
        "Remove a class",
        "Answers what was removed. Its students keep their evidence; its teachers no longer see them. `If-Match` as for a "
        "replacement. Role: admin.",
        "CohortAnswer",
        errors=(*BODILESS, "CONFLICT"),
        asks_for=("bearer",),
        action="cohorts.write",
        rate=30,
        parameters=CohortParameters,
        headers=(IF_MATCH,),
        links=(Link("cohort", "cohort_id", "$request.path.cohort_id"),),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "CohortRequest": CohortRequest,
    "CohortAnswer": Success[Cohort],
    "CohortsAnswer": Success[Page[CohortSummary]],
}
"""Names in the document and the types behind them."""
