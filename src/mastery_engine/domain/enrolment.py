"""Rosters as school systems tell them, a line for each membership, and what becomes of a class by them.

Nobody vanishes from a class: who is no longer told of gets an end of yesterday, so that access ends at once and the past stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.domain.cohort import Cohort, Membership

PersonRole = Literal["student", "teacher"]
Mode = Literal["replace", "merge"]
ROLES: Final[tuple[PersonRole, ...]] = ("student", "teacher")
MODES: Final[tuple[Mode, ...]] = ("replace", "merge")
_DAY: Final = timedelta(days=1)


class Enrolment(Struct, frozen=True, kw_only=True):
    """One line of a roster; a class without anybody has one without a person.

    Attributes:
        cohort_id: The class.
        name: What people call it; empty keeps its name.
        role: Of the person there.
        person_id: Student or teacher; empty for none.
        start: First day; None goes on from where the membership began, or has no bound if there was none.
        end: Last day, included; None for an open end.
    """

    cohort_id: str
    name: str = ""
    role: PersonRole = "student"
    person_id: str = ""
    start: date | None = None
    end: date | None = None


class RoleChange(Struct, frozen=True, kw_only=True):
    """What becomes of those of one role; ids in order.

    Attributes:
        join: Who is or will be a member, and was not.
        leave: Who was or would have been one, and is no longer.
        change: Whose days are others now.
    """

    join: tuple[str, ...]
    leave: tuple[str, ...]
    change: tuple[str, ...]

    @property
    def concerned(self) -> set[str]:
        """All of them."""
        return {*self.join, *self.leave, *self.change}


class ClassChange(Struct, frozen=True, kw_only=True):
    """What becomes of a class.

    Attributes:
        cohort_id: The class.
        name: As it is called then.
        made: Whether there was none.
        renamed: Whether it was called otherwise.
        students: Of its students.
        teachers: Of its teachers.
    """

    cohort_id: str
    name: str
    made: bool
    renamed: bool
    students: RoleChange
    teachers: RoleChange

    @property
    def is_none(self) -> bool:
        """Whether everything stays as it is."""
        return not (self.made or self.renamed or self.students.concerned or self.teachers.concerned)


def cohorts_of(enrolments: Iterable[Enrolment]) -> list[Cohort]:
    """The classes that lines tell of, by id; the last name told counts."""
    names: dict[str, str] = {}
    people: dict[tuple[str, str], dict[Membership, None]] = {}
    for one in enrolments:
        names[one.cohort_id] = one.name or names.get(one.cohort_id, "")
        if one.person_id:
            membership = Membership(person_id=one.person_id, start=one.start, end=one.end)
            people.setdefault((one.cohort_id, one.role), {})[membership] = None
    return [
        Cohort(
            cohort_id=cohort_id,
            name=name,
            teachers=tuple(people.get((cohort_id, "teacher"), ())),
            students=tuple(people.get((cohort_id, "student"), ())),
        )
        for cohort_id, name in sorted(names.items())
    ]


def changed(before: Cohort | None, told: Cohort, mode: Mode, today: date) -> tuple[Cohort, ClassChange]:
    """A class after it was told of, and what that changes.

    Args:
        before: As it is; None if there is none.
        told: As a roster tells it.
        mode: Whether who is not told of leaves (`replace`) or stays (`merge`).
        today: In the school's time zone.
    """
    old = before or Cohort(cohort_id=told.cohort_id)
    teachers = _members(old.teachers, told.teachers, mode, today)
    students = _members(old.students, told.students, mode, today)
    after = Cohort(cohort_id=told.cohort_id, name=told.name or old.name, teachers=teachers, students=students)
    return after, ClassChange(
        cohort_id=told.cohort_id,
        name=after.name,
        made=before is None,
        renamed=before is not None and after.name != before.name,
        students=_difference(old.students, students, today),
        teachers=_difference(old.teachers, teachers, today),
    )


def _members(
    old: Sequence[Membership], told: Sequence[Membership], mode: Mode, today: date
) -> tuple[Membership, ...]:
    were, come = _by_person(old), _by_person(told)
    members: list[Membership] = []
    for person in sorted({*were, *come}):
        if person in come:
            members += _of_person(were.get(person, []), come[person], today)
        elif mode == "merge":
            members += were[person]
        else:
            members += [left for one in were[person] if (left := _left(one, today)) is not None]
    return tuple(members)


def _of_person(were: list[Membership], told: list[Membership], today: date) -> list[Membership]:
    """A person's memberships: those told of, after those that were over before them."""
    current = [one for one in were if not _is_over(one, today)]
    over = [one for one in were if _is_over(one, today)]
    found: list[Membership] = []
    for one in told:
        start = one.start
        if start is None and not _is_over(one, today):
            start = current[0].start if current else today if over else None
        found.append(Membership(person_id=one.person_id, start=start, end=one.end))
    first = min((one.start or date.min for one in found), default=date.min)
    return sorted(
        [one for one in over if one.end is not None and one.end < first] + found,
        key=lambda one: one.start or date.min,
    )


def _left(membership: Membership, today: date) -> Membership | None:
    """The membership of who leaves: over since yesterday; None if it had not begun by then."""
    if _is_over(membership, today):
        return membership
    if membership.start is not None and membership.start >= today:
        return None
    return Membership(person_id=membership.person_id, start=membership.start, end=today - _DAY)


def _difference(before: Sequence[Membership], after: Sequence[Membership], today: date) -> RoleChange:
    were, are = _by_person(before), _by_person(after)
    had = {person for person, of in were.items() if not all(_is_over(one, today) for one in of)}
    have = {person for person, of in are.items() if not all(_is_over(one, today) for one in of)}
    others = {person for person in {*were, *are} if were.get(person) != are.get(person)}
    return RoleChange(
        join=tuple(sorted(have - had)),
        leave=tuple(sorted(had - have)),
        change=tuple(sorted(others - (have ^ had))),
    )


def _is_over(membership: Membership, today: date) -> bool:
    return membership.end is not None and membership.end < today


def _by_person(memberships: Sequence[Membership]) -> dict[str, list[Membership]]:
    found: dict[str, list[Membership]] = {}
    for one in memberships:
        found.setdefault(one.person_id, []).append(one)
    return found
