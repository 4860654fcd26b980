"""What the tools take: types that check it, and the schemas that a model reads.

The schemas are written by hand and short, since every word of them is paid for at each use; a test holds them to the types.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mastery_engine.contracts.pages import LONGEST_CURSOR
from mastery_engine.domain.events import ItemId, StudentId, UnitScore
from mastery_engine.domain.interventions import MOST_DAYS, MOST_INTERVENTIONS, Intervention

Detail = Literal["concise", "detailed"]
MOST_MEMBERS: Final = 50
Schema = dict[str, Any]


class Arguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of any tool."""

    detail: Detail = "concise"


class Calculate(Arguments, frozen=True, kw_only=True):
    """The four parts; one that is left out is not observed.

    None is refused: clients make it of NaN, and a part that was calculated wrongly is no part that is not observed.
    """

    completion: UnitScore | UnsetType = UNSET
    quiz: UnitScore | UnsetType = UNSET
    quality: UnitScore | UnsetType = UNSET
    consistency: UnitScore | UnsetType = UNSET


class OfStudent(Arguments, frozen=True, kw_only=True):
    """Whose, in which course or all together."""

    student_id: StudentId
    course_id: ItemId | None = None


class Forecast(OfStudent, frozen=True, kw_only=True):
    """How many days ahead."""

    days: Annotated[int, Meta(ge=1, le=30)] = 7


class Recommend(OfStudent, frozen=True, kw_only=True):
    """How many at most."""

    limit: Annotated[int, Meta(ge=1, le=10)] = 3


class CompareInterventions(OfStudent, frozen=True, kw_only=True):
    """What could be done."""

    interventions: Annotated[tuple[Intervention, ...], Meta(min_length=1, max_length=MOST_INTERVENTIONS)]


class ClassOverview(Arguments, frozen=True, kw_only=True):
    """Which class, in which course, and how many of its members from where."""

    cohort_id: ItemId
    course_id: ItemId | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_MEMBERS)] = 10
    cursor: Annotated[str, Meta(max_length=LONGEST_CURSOR)] | None = None


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": {**properties, "detail": _DETAIL}}
    if required:
        schema["required"] = list(required)
    return schema


_DETAIL: Final[Schema] = {"enum": ["concise", "detailed"]}
_TEXT: Final[Schema] = {"type": "string"}
_UNIT: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}


def _whole(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


_PERSON: Final[dict[str, Schema]] = {"student_id": _TEXT, "course_id": _TEXT}
SCHEMAS: Final[dict[type[Arguments], Schema]] = {
    Calculate: _object(completion=_UNIT, quiz=_UNIT, quality=_UNIT, consistency=_UNIT),
    OfStudent: _object(("student_id",), **_PERSON),
    Forecast: _object(("student_id",), **_PERSON, days=_whole(30)),
    Recommend: _object(("student_id",), **_PERSON, limit=_whole(10)),
    CompareInterventions: _object(
        ("student_id", "interventions"),
        **_PERSON,
        interventions={
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_INTERVENTIONS,
            "items": {
                "type": "object",
                "properties": {
                    "quiz": {"type": "array", "items": {"type": "integer"}},
                    "exercises": _whole(1_000),
                    "quality": _UNIT,
                    "study_days": _whole(MOST_DAYS),
                },
            },
        },
    ),
    ClassOverview: _object(
        ("cohort_id",), cohort_id=_TEXT, course_id=_TEXT, limit=_whole(MOST_MEMBERS), cursor=_TEXT
    ),
}
"""What a model reads, by the type that checks it."""
