"""Classes, and how a student stands in one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import fmean, median
from typing import Final

from msgspec import Struct

from mastery_engine.domain.scores import SCORE_DECIMALS

MOST_NAME: Final = 200
_UNSEEN: Final = r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
NAME_PATTERN: Final = rf"^[^{_UNSEEN}]{{0,{MOST_NAME}}}\Z"
"""What a class may be called: nothing that breaks a line, cannot be seen, or turns the direction of the text around it."""
NAME_RULE: Final = f"must be at most {MOST_NAME} characters, all to be seen"
UNKNOWN_CLASS: Final = "unknown"
"""In a record in place of the id of a class that is not there."""
SMALLEST_TELLING_COHORT: Final = 5
"""With fewer members with evidence, a student's view of the others would reveal individuals."""


def is_good_name(name: str) -> bool:
    """Whether a class may be called so."""
    return re.search(NAME_PATTERN, name) is not None


class Membership(Struct, frozen=True, kw_only=True):
    """A person's time in a class; an open end is None.

    Attributes:
        person_id: Student or teacher.
        start: First day, included.
        end: Last day, included.
    """

    person_id: str
    start: date | None = None
    end: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the person is a member on that day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


class Cohort(Struct, frozen=True, kw_only=True):
    """A class roster."""

    cohort_id: str
    name: str = ""
    teachers: tuple[Membership, ...] = ()
    students: tuple[Membership, ...] = ()

    def members(self, day: date) -> list[str]:
        """Ids of the students who are members on that day, sorted."""
        return sorted({member.person_id for member in self.students if member.covers(day)})

    def is_taught_by(self, teacher_id: str, day: date) -> bool:
        """Whether that person teaches the class on that day."""
        return any(one.person_id == teacher_id and one.covers(day) for one in self.teachers)


class Standing(Struct, frozen=True, kw_only=True):
    """A student in a class.

    Attributes:
        value: The student's own value, None without evidence.
        size: Members, those without evidence included.
        with_evidence: Members with evidence; None where it is not told.
        mean: Of the members with evidence; None where it is not told, as the next three.
        median: Of the members with evidence.
        percentile: 100 * (below + half of equal, oneself included) / n, in [0, 100].
        rank: 1 is best; ties share the better rank.
    """

    value: float | None
    size: int
    with_evidence: int | None = None
    mean: float | None = None
    median: float | None = None
    percentile: float | None = None
    rank: int | None = None


def compare(
    student_id: str, values: Mapping[str, float], members: Sequence[str], *, sees_all: bool
) -> Standing:
    """Place a student among the members of a class.

    Args:
        student_id: A member.
        values: Score or component value of each member with evidence; compared and told at 6 decimals.
        members: All members.
        sees_all: True for the class's teacher; a student sees nothing of a class with fewer than five members
            with evidence.
    """
    rounded = {member: round(values[member], SCORE_DECIMALS) for member in members if member in values}
    present = list(rounded.values())
    own = rounded.get(student_id)
    if not present or (len(present) < SMALLEST_TELLING_COHORT and not sees_all):
        return Standing(value=own, size=len(members))
    standing = Standing(
        value=own,
        size=len(members),
        with_evidence=len(present),
        mean=round(fmean(present), SCORE_DECIMALS),
        median=round(median(present), SCORE_DECIMALS),
    )
    if own is None:
        return standing
    below = sum(value < own for value in present)
    equal = sum(value == own for value in present)
    return Standing(
        value=own,
        size=standing.size,
        with_evidence=standing.with_evidence,
        mean=standing.mean,
        median=standing.median,
        percentile=round(100.0 * (below + 0.5 * equal) / len(present), SCORE_DECIMALS),
        rank=1 + sum(value > own for value in present),
    )
