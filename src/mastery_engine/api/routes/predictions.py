"""Where a student is heading."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.asking import check_day, wait_for_position
from mastery_engine.api.bodies import read_model
from mastery_engine.api.envelope import success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import POSITION, WITH_BODY, Operation
from mastery_engine.api.parts import CallerNeeded, Parts, PartsNeeded, check_accept
from mastery_engine.api.question_models import (
    NextWeekRequest,
    PredictRequest,
    TrajectoryRequest,
    WhatIfRequest,
)
from mastery_engine.contracts.answers import ForecastAnswer, InterventionsAnswer, TrajectoryAnswer
from mastery_engine.engine.access import Caller

PREFIX: Final = "/api/v1/predictions"
router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


@router.post("/next-week")
async def next_week(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Where a student will stand in a week."""
    asked = await read_model(request, NextWeekRequest)
    in_days = PredictRequest(student_id=asked.student_id, course_id=asked.course_id, date=asked.date)
    return await answer_forecast(request, parts, caller, in_days)


@router.post("/trajectory")
async def trajectory(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """The days behind and the days ahead."""
    return await answer_trajectory(request, parts, caller, await read_model(request, TrajectoryRequest))


@router.post("/what-if")
async def what_if(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """What would be after each of some interventions."""
    return await answer_what_if(request, parts, caller, await read_model(request, WhatIfRequest))


async def answer_forecast(request: Request, parts: Parts, caller: Caller, asked: PredictRequest) -> Response:
    """The answer to where a student will stand, whoever has read the question."""
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "forecast.read", asked.student_id)
    answer = await parts.engine.predictions.forecast(
        caller, asked.student_id, days=asked.days, course_id=asked.course_id, as_of=asked.date
    )
    return success(request, answer)


async def answer_trajectory(
    request: Request, parts: Parts, caller: Caller, asked: TrajectoryRequest
) -> Response:
    """The answer with the days behind and ahead."""
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "forecast.read", asked.student_id)
    answer = await parts.engine.predictions.trajectory(
        caller,
        asked.student_id,
        days=asked.days,
        ahead=asked.ahead,
        course_id=asked.course_id,
        as_of=asked.date,
    )
    return success(request, answer)


async def answer_what_if(request: Request, parts: Parts, caller: Caller, asked: WhatIfRequest) -> Response:
    """The answer with what each intervention would change."""
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "forecast.read", asked.student_id)
    answer = await parts.engine.what_if.compare(
        caller, asked.student_id, asked.interventions, course_id=asked.course_id, as_of=asked.date
    )
    return success(request, answer)


OPERATIONS: Final = (
    Operation(
        "next_week",
        "post",
        f"{PREFIX}/next-week",
        "predictions",
        "Where a student will stand in a week",
        "The score in seven days, with an interval that holds four of five outcomes, and the trend. Wants three days with "
        "an event within 90 days; with fewer the answer is 400.",
        "PredictAnswer",
        "NextWeekRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="forecast.read",
        rate=20,
        headers=(POSITION,),
    ),
    Operation(
        "trajectory",
        "post",
        f"{PREFIX}/trajectory",
        "predictions",
        "The days behind and the days ahead",
        "Points of one line, for charts: each of the last `days` with an event (gaps stay gaps), and each of the days "
        "`ahead` with its interval. As for next-week, three days with an event are wanted.",
        "PredictTrajectoryAnswer",
        "TrajectoryRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="forecast.read",
        rate=20,
        headers=(POSITION,),
    ),
    Operation(
        "what_if",
        "post",
        f"{PREFIX}/what-if",
        "predictions",
        "What would be after each of some interventions",
        "One to five of them, compared: one more quiz, more exercises done, one more piece of work assessed, days of "
        "study, or some of these together. Each is folded as its events would be, into a copy: nothing is stored. Of "
        "several courses, one with exercises must be named for more exercises.",
        "WhatIfAnswer",
        "WhatIfRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="forecast.read",
        rate=20,
        headers=(POSITION,),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "NextWeekRequest": NextWeekRequest,
    "TrajectoryRequest": TrajectoryRequest,
    "WhatIfRequest": WhatIfRequest,
    "PredictAnswer": Success[ForecastAnswer],
    "PredictTrajectoryAnswer": Success[TrajectoryAnswer],
    "WhatIfAnswer": Success[InterventionsAnswer],
}
"""Names in the document and the types behind them."""
