"""What a model may read as text: the formula in force, and a student's profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import mcp_types as types

from mastery_engine.contracts.answers import Profile, ResultView
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.scores import COMPONENTS, LEVELS, Formula
from mastery_engine.mcp.asking import Asking
from mastery_engine.mcp.views import few_courses

FORMULA: Final = "mastery://formula"
STUDENT: Final = "mastery://students/{student_id}"
RESOURCES: Final = (
    types.Resource(
        name="formula",
        uri=FORMULA,
        description="The formula in force: weights, levels.",
        mime_type="text/plain",
    ),
)
TEMPLATES: Final = (
    types.ResourceTemplate(
        name="student",
        uri_template=STUDENT,
        description="A student's profile as text.",
        mime_type="text/plain",
    ),
)
_STUDENT: Final = re.compile(r"mastery://students/([A-Za-z0-9_-]{1,50})")


async def read(asking: Asking, uri: str) -> str:
    """The text of a resource.

    Raises:
        NotFound: There is no such resource, no such student, or not the caller's to see.
        MasteryError: As the use case.
    """
    if uri == FORMULA:
        await asking.admit(asking.caller, "calculate")
        tenant, _ = await asking.engine.reader.day(asking.caller, None)
        return "\n".join(_formula(await asking.engine.reader.formula(tenant, None, None)))
    found = _STUDENT.fullmatch(uri)
    if found is None:
        raise NotFound(f"no such resource; there are {FORMULA} and {STUDENT}")
    await asking.admit(asking.caller, "query")
    profile = await asking.engine.queries.profile(asking.caller, found[1])
    return "\n".join(_profile(profile))


def _formula(formula: Formula) -> Iterator[str]:
    yield f"Formula {formula.id}"
    weights = " + ".join(
        f"{weight:g} * {name}" for name, weight in zip(COMPONENTS, formula.weights, strict=True)
    )
    yield f"score = {weights}; each part is from 0 to 1"
    yield (
        "Parts that are not observed are left out, and the weights of the others shared out over the whole."
        if formula.only_observed
        else "Parts that are not observed count 0."
    )
    edges = formula.thresholds
    lowest = (0.0, edges.developing, edges.competent, edges.proficient, edges.expert)
    yield "Levels: " + ", ".join(
        f"{level} from {score:g}" for level, score in zip(LEVELS, lowest, strict=True)
    )


def _profile(profile: Profile) -> Iterator[str]:
    # Ids in quotes: whoever sends events chooses them, and one may read like a sentence of ours.
    yield f'Student "{profile.student_id}" on {profile.as_of.isoformat()}'
    yield f"All courses: {_line(profile.current)}"
    few, more = few_courses(profile)
    for course_id, result in few.items():
        named = f'Course "{course_id}"' if course_id else "Without a course"
        yield f"{named}: {_line(result)}"
    if more:
        yield f"And {more} more courses: ask get_mastery with course_id."
    yield f"Events: {profile.events}; trend of 7 days: {profile.trend or 'not known yet'}"
    for number, step in enumerate(profile.path.steps, 1):
        yield f"Next {number}: {step.action} {step.area} ({step.minutes} min)"


def _line(result: ResultView) -> str:
    parts = ", ".join(
        f"{name} {one.value:g}" if one.observed else f"{name} not observed"
        for name, one in (result.components or {}).items()
    )
    return f"score {result.score:g}, {result.level} ({parts})"
