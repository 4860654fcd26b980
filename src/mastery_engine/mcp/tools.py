"""The tools: what a model reads of each, and which use case answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from mastery_engine.domain.scores import Components
from mastery_engine.mcp import views
from mastery_engine.mcp.arguments import (
    SCHEMAS,
    Arguments,
    Calculate,
    ClassOverview,
    CompareInterventions,
    Forecast,
    OfStudent,
    Recommend,
    Schema,
)
from mastery_engine.mcp.asking import Asking
from mastery_engine.mcp.views import Told

_NUMBER: Final[Schema] = {"type": "number"}
_WORD: Final[Schema] = {"type": "string"}
_LIST: Final[Schema] = {"type": "array"}


class Tool(NamedTuple):
    """One tool.

    Attributes:
        description: What a model chooses it by.
        arguments: Checks what it takes.
        output: Schema of what it answers in few words; in many it is more.
        route: Name of the route that does the same; a caller's requests here and there are counted together.
        answer: Asks the use case.
    """

    description: str
    arguments: type[Arguments]
    output: dict[str, Schema]
    route: str
    answer: Callable[[Asking, Any], Awaitable[Told]]

    @property
    def input_schema(self) -> Schema:
        """What a model reads of the arguments."""
        return SCHEMAS[self.arguments]

    @property
    def output_schema(self) -> Schema:
        """What a model reads of the answer."""
        return {"type": "object", "properties": self.output}


async def _calculate(asking: Asking, told: Calculate) -> Told:
    given = (told.completion, told.quiz, told.quality, told.consistency)
    parts = Components(*(None if one is UNSET else one for one in given))
    answer = await asking.engine.queries.calculate(asking.caller, parts)
    return views.whole(answer) if told.detail == "detailed" else views.calculation(answer)


async def _get_mastery(asking: Asking, told: OfStudent) -> Told:
    answer = await asking.engine.queries.profile(asking.caller, told.student_id, course_id=told.course_id)
    return views.whole_profile(answer) if told.detail == "detailed" else views.profile(answer)


async def _forecast(asking: Asking, told: Forecast) -> Told:
    answer = await asking.engine.predictions.forecast(
        asking.caller, told.student_id, days=told.days, course_id=told.course_id
    )
    return views.whole(answer) if told.detail == "detailed" else views.forecast(answer)


async def _recommend(asking: Asking, told: Recommend) -> Told:
    answer = await asking.engine.advice.recommendations(
        asking.caller, told.student_id, limit=told.limit, course_id=told.course_id
    )
    return views.whole(answer) if told.detail == "detailed" else views.recommendations(answer)


async def _compare_interventions(asking: Asking, told: CompareInterventions) -> Told:
    answer = await asking.engine.what_if.compare(
        asking.caller, told.student_id, told.interventions, course_id=told.course_id
    )
    return views.whole(answer) if told.detail == "detailed" else views.interventions(answer)


async def _class_overview(asking: Asking, told: ClassOverview) -> Told:
    answer = await asking.engine.analytics.compare(
        asking.caller, told.cohort_id, metric="score", course_id=told.course_id
    )
    view = views.whole_overview if told.detail == "detailed" else views.overview
    return view(answer, told.limit, told.cursor)


TOOLS: Final[dict[str, Tool]] = {
    "calculate": Tool(
        "Mastery score of given parts (0-1 each; omit unobserved). Stores nothing.",
        Calculate,
        {"score": _NUMBER, "level": _WORD, "next": _LIST},
        "calculate",
        _calculate,
    ),
    "get_mastery": Tool(
        "A student's mastery now: score, level, parts, trend. All courses unless course_id.",
        OfStudent,
        {"score": _NUMBER, "level": _WORD},
        "query",
        _get_mastery,
    ),
    "forecast": Tool(
        "Score some days ahead (default 7) with 80 % interval, and whether the student is at risk.",
        Forecast,
        {"score": _NUMBER, "low": _NUMBER, "high": _NUMBER, "at_risk": {"type": "boolean"}},
        "next_week",
        _forecast,
    ),
    "recommend": Tool(
        "What a student should do next, best first; gain is score won.",
        Recommend,
        {"next": _LIST},
        "adaptive",
        _recommend,
    ),
    "compare_interventions": Tool(
        "Score after each of 1-5 what-ifs. Acts of one happen together: quiz [correct, questions], more exercises done, "
        "quality of new work, days of study.",
        CompareInterventions,
        {"now": _NUMBER, "after": _LIST, "best": {"type": "integer"}},
        "what_if",
        _compare_interventions,
    ),
    "class_overview": Tool(
        "A class: mean, levels, and who needs help, lowest first. Teachers and admins only.",
        ClassOverview,
        {"students": {"type": "integer"}, "needs_help": {"type": "object"}},
        "compare",
        _class_overview,
    ),
}
