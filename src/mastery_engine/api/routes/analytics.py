"""A student over time, and in a class; as JSON, or as a table for spreadsheets."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from mastery_engine.api.accept import best_of
from mastery_engine.api.asking import check_day, position_is_reached, wait_for_position
from mastery_engine.api.bodies import read_model
from mastery_engine.api.csv_tables import CSV, comparison_rows, csv_answer, history_rows
from mastery_engine.api.envelope import success
from mastery_engine.api.errors import Refusal
from mastery_engine.api.models import Success
from mastery_engine.api.operation import JSON, POSITION, WITH_BODY, Operation
from mastery_engine.api.parts import CallerNeeded, Parts, PartsNeeded
from mastery_engine.api.question_models import ComparisonRequest, HistoryRequest
from mastery_engine.contracts.answers import Comparison, History
from mastery_engine.engine.access import Caller

PREFIX: Final = "/api/v1/analytics"
OFFERED: Final = (JSON, CSV)
router: Final = APIRouter(prefix=PREFIX)


@router.post("/mastery-history")
async def mastery_history(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a student stood over time."""
    media_type = _chosen(request)
    answer = await history_of(request, parts, caller, await read_model(request, HistoryRequest))
    if media_type == CSV:
        return csv_answer(history_rows(answer), "mastery-history")
    return success(request, answer)


@router.post("/compare")
async def compare(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a student stands in a class, or how a class stands."""
    media_type = _chosen(request)
    answer = await comparison_of(request, parts, caller, await read_model(request, ComparisonRequest))
    if media_type == CSV:
        return csv_answer(comparison_rows(answer), "compare")
    return success(request, answer)


async def history_of(request: Request, parts: Parts, caller: Caller, asked: HistoryRequest) -> History:
    """A student's history, whoever has read the question."""
    check_day(asked.start, "start")
    check_day(asked.end, "end")
    await wait_for_position(request, parts, caller, "history.read", asked.student_id)
    return await parts.engine.analytics.history(
        caller,
        asked.student_id,
        start=asked.start,
        end=asked.end,
        aggregation=asked.aggregation,
        course_id=asked.course_id,
    )


async def comparison_of(
    request: Request, parts: Parts, caller: Caller, asked: ComparisonRequest
) -> Comparison:
    """A student in a class, or a class."""
    check_day(asked.date)
    reached = await position_is_reached(request, parts, caller, "cohort.compare")
    return await parts.engine.analytics.compare(
        caller,
        asked.cohort_id,
        student_id=asked.student_id,
        metric=asked.metric,
        course_id=asked.course_id,
        as_of=asked.date,
        afresh=reached,
    )


async def answer_history(request: Request, parts: Parts, caller: Caller, asked: HistoryRequest) -> Response:
    """The answer to how a student stood over time, as JSON."""
    return success(request, await history_of(request, parts, caller, asked))


async def answer_comparison(
    request: Request, parts: Parts, caller: Caller, asked: ComparisonRequest
) -> Response:
    """The answer to how a student or a class stands, as JSON."""
    return success(request, await comparison_of(request, parts, caller, asked))


def _chosen(request: Request) -> str:
    """Media type of the answer.

    Raises:
        Refusal: `Accept` leaves out both that there are.
    """
    chosen = best_of(request.headers.getlist("accept"), OFFERED)
    if chosen is None:
        names = " or ".join(OFFERED)
        raise Refusal("NOT_ACCEPTABLE", f"answers are {names}; let Accept name one, or leave Accept out")
    return chosen


OPERATIONS: Final = (
    Operation(
        "mastery_history",
        "post",
        f"{PREFIX}/mastery-history",
        "analytics",
        "How a student stood over time",
        "Mean, least, most and last score of each day, week (from Monday) or month with an event, and each day with its "
        "components. `Accept: text/csv` answers the buckets as a table, which begins texts that a spreadsheet would take for "
        "a formula with an apostrophe.",
        "HistoryAnswer",
        "HistoryRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="history.read",
        rate=30,
        headers=(POSITION,),
        answers_with=OFFERED,
    ),
    Operation(
        "compare",
        "post",
        f"{PREFIX}/compare",
        "analytics",
        "How a student stands in a class, or how a class stands",
        "With `student_id` mean, median, percentile and rank; without, all members, for their teacher and admins. In a class "
        "with fewer than five members with evidence a student sees own value and class size only. With `Accept: text/csv` "
        "a row for each metric, or without `student_id` for each member by the metric asked for (else the score); texts that a "
        "spreadsheet would take for a formula begin with an apostrophe.",
        "CompareAnswer",
        "ComparisonRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="cohort.compare",
        rate=30,
        headers=(POSITION,),
        answers_with=OFFERED,
    ),
)
TYPES: Final[dict[str, Any]] = {
    "HistoryRequest": HistoryRequest,
    "ComparisonRequest": ComparisonRequest,
    "HistoryAnswer": Success[History],
    "CompareAnswer": Success[Comparison],
}
"""Names in the document and the types behind them."""
