"""What a student should do next."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.asking import check_day, wait_for_position
from mastery_engine.api.bodies import read_model
from mastery_engine.api.envelope import success
from mastery_engine.api.models import Success
from mastery_engine.api.operation import POSITION, WITH_BODY, Operation
from mastery_engine.api.parts import CallerNeeded, Parts, PartsNeeded, check_accept
from mastery_engine.api.question_models import PathRequest, RecommendRequest
from mastery_engine.contracts.answers import RecommendationsAnswer
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.engine.access import Caller

PREFIX: Final = "/api/v1/recommendations"
router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


@router.post("/adaptive")
async def adaptive(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """What to do next, best first."""
    return await answer_recommendations(request, parts, caller, await read_model(request, RecommendRequest))


@router.post("/learning-path")
async def learning_path(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """The steps towards a goal."""
    return await answer_path(request, parts, caller, await read_model(request, PathRequest))


async def answer_recommendations(
    request: Request, parts: Parts, caller: Caller, asked: RecommendRequest
) -> Response:
    """The answer to what to do next, whoever has read the question."""
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "recommendations.read", asked.student_id)
    answer = await parts.engine.advice.recommendations(
        caller,
        asked.student_id,
        limit=asked.limit,
        priority=asked.priority,
        course_id=asked.course_id,
        as_of=asked.date,
        reword=True,
    )
    return success(request, answer)


async def answer_path(request: Request, parts: Parts, caller: Caller, asked: PathRequest) -> Response:
    """The answer with the steps towards a goal."""
    check_day(asked.date)
    check_day(asked.assessment_date, "assessment_date")
    plan = Plan(
        goal=asked.goal,
        daily_minutes=asked.daily_minutes,
        topic_id=asked.topic_id,
        assessment_date=asked.assessment_date,
    )
    await wait_for_position(request, parts, caller, "recommendations.read", asked.student_id)
    answer = await parts.engine.advice.path(
        caller, asked.student_id, plan=plan, course_id=asked.course_id, as_of=asked.date
    )
    return success(request, answer)


OPERATIONS: Final = (
    Operation(
        "adaptive",
        "post",
        f"{PREFIX}/adaptive",
        "recommendations",
        "What to do next",
        "One recommendation for each weak component, or stretch goals where none is weak, the one with most score to win "
        "first. With `priority` only those of it, of which there may be none.",
        "RecommendAnswer",
        "RecommendRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="recommendations.read",
        rate=30,
        headers=(POSITION,),
    ),
    Operation(
        "learning_path",
        "post",
        f"{PREFIX}/learning-path",
        "recommendations",
        "The steps towards a goal",
        "Steps in the order of gain per minute, laid out over days of `daily_minutes`, with the day on which the gain "
        "should be reached, or why that cannot be said.",
        "LearningPathAnswer",
        "PathRequest",
        errors=WITH_BODY,
        asks_for=("bearer",),
        action="recommendations.read",
        rate=30,
        headers=(POSITION,),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "RecommendRequest": RecommendRequest,
    "PathRequest": PathRequest,
    "RecommendAnswer": Success[RecommendationsAnswer],
    "LearningPathAnswer": Success[LearningPath],
}
"""Names in the document and the types behind them."""
