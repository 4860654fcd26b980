"""What the doors for classes take."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from mastery_engine.api.models import AskedDay
from mastery_engine.api.pages import Cursor, Limit
from mastery_engine.contracts.event_words import RULE
from mastery_engine.domain.cohort import NAME_PATTERN, NAME_RULE, Cohort, Membership
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import ItemId, StudentId

MOST_STUDENTS: Final = 10_000
MOST_TEACHERS: Final = 200
_MOST_TOLD: Final = 10
TeacherId = Annotated[
    str,
    Meta(
        pattern=r"^(?!os:)[\x21-\x7e]{1,200}\Z",
        extra={
            RULE: "must be 1 to 200 visible characters of ASCII, without spaces and not beginning with os:"
        },
        description="`sub` of the teacher's tokens: visible characters of ASCII, not beginning with `os:`",
    ),
]
ClassName = Annotated[
    str, Meta(pattern=NAME_PATTERN, extra={RULE: NAME_RULE}, description="What people call it")
]


class CohortParameters(Struct, frozen=True, kw_only=True):
    """Of one class."""

    cohort_id: ItemId


class CohortsParameters(Struct, frozen=True, kw_only=True):
    """Of the list of classes."""

    limit: Limit = 100
    cursor: Cursor | None = None


class StudentMembership(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A student's time in a class.

    Attributes:
        person_id: Who.
        start: First day, included; null or left out, since ever.
        end: Last day, included; null or left out, until further notice.
    """

    person_id: StudentId
    start: AskedDay | None = None
    end: AskedDay | None = None


class TeacherMembership(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A teacher's time in a class.

    Attributes:
        person_id: Who.
        start: First day, included; null or left out, since ever.
        end: Last day, included; null or left out, until further notice.
    """

    person_id: TeacherId
    start: AskedDay | None = None
    end: AskedDay | None = None


class CohortRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class, whole: what is left out is empty, whatever stood there before.

    Attributes:
        name: What people call it.
        teachers: Who may look at its students, each while in it.
        students: Who is in it; somebody who comes back stands there twice.
    """

    name: ClassName = ""
    teachers: Annotated[tuple[TeacherMembership, ...], Meta(max_length=MOST_TEACHERS)] = ()
    students: Annotated[tuple[StudentMembership, ...], Meta(max_length=MOST_STUDENTS)] = ()


def cohort_of(cohort_id: str, sent: CohortRequest) -> Cohort:
    """The class that was sent.

    Raises:
        InvalidInput: A membership ends before it begins.
    """
    problems = [
        Problem(f"{field}[{place}].end", str(one.end), f"must not be before the start {one.start}")
        for field, members in (("teachers", sent.teachers), ("students", sent.students))
        for place, one in enumerate(members)
        if one.start is not None and one.end is not None and one.end < one.start
    ]
    if problems:
        raise InvalidInput.of(*problems[:_MOST_TOLD])
    return Cohort(
        cohort_id=cohort_id,
        name=sent.name,
        teachers=tuple(_membership(one.person_id, one.start, one.end) for one in sent.teachers),
        students=tuple(_membership(one.person_id, one.start, one.end) for one in sent.students),
    )


def _membership(person_id: str, start: date | None, end: date | None) -> Membership:
    return Membership(person_id=person_id, start=start, end=end)
