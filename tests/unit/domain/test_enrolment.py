"""What becomes of a class by a roster: who joins, who leaves, and that nobody vanishes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.enrolment import Enrolment, Mode, changed, cohorts_of

TODAY = date(2026, 9, 15)
YESTERDAY = TODAY - timedelta(days=1)
LONG_AGO = date(2026, 1, 31)


def member(person_id: str, start: date | None = None, end: date | None = None) -> Membership:
    return Membership(person_id=person_id, start=start, end=end)


def cohort(*students: Membership, name: str = "", teachers: tuple[Membership, ...] = ()) -> Cohort:
    return Cohort(cohort_id="7b", name=name, students=students, teachers=teachers)


def test_lines_make_classes_by_id_with_each_membership_once() -> None:
    found = cohorts_of(
        [
            Enrolment(cohort_id="b", name="Bee", person_id="a"),
            Enrolment(cohort_id="a", role="teacher", person_id="t"),
            Enrolment(cohort_id="b", person_id="a"),
            Enrolment(cohort_id="c"),
        ]
    )
    assert [(one.cohort_id, one.name) for one in found] == [("a", ""), ("b", "Bee"), ("c", "")]
    assert [len(one.students) for one in found] == [0, 1, 0]
    assert found[0].teachers == (member("t"),)


def test_who_is_not_in_a_roster_that_replaces_has_left_by_yesterday_and_stays_on_it() -> None:
    after, change = changed(cohort(member("a"), member("b", LONG_AGO)), cohort(member("a")), "replace", TODAY)
    assert after.students == (member("a"), member("b", LONG_AGO, YESTERDAY))
    assert after.members(TODAY) == ["a"]
    assert after.members(YESTERDAY) == ["a", "b"]
    assert (change.students.leave, change.students.join, change.students.change) == (("b",), (), ())


def test_who_had_not_begun_yet_is_gone_whole() -> None:
    after, change = changed(cohort(member("a", TODAY)), cohort(), "replace", TODAY)
    assert after.students == ()
    assert change.students.leave == ("a",)


def test_a_roster_that_merges_lets_nobody_leave() -> None:
    teachers = (member("t"),)
    after, change = changed(cohort(member("a"), teachers=teachers), cohort(member("b")), "merge", TODAY)
    assert after.students == (member("a"), member("b"))
    assert after.teachers == teachers
    assert change.students.join == ("b",)
    assert not change.teachers.concerned


@pytest.mark.parametrize("mode", ["replace", "merge"])
def test_the_same_roster_again_changes_nothing(mode: Mode) -> None:
    told = cohort(member("a"), member("b", TODAY), member("c", end=LONG_AGO), name="Seven")
    before = cohort(
        member("a", LONG_AGO), member("a", None, date(2025, 1, 1)), member("left", None, LONG_AGO)
    )
    once, first = changed(before, told, mode, TODAY)
    again, second = changed(once, told, mode, TODAY)
    assert not first.is_none
    assert again == once
    assert second.is_none
    later, third = changed(once, told, mode, TODAY + timedelta(days=40))
    assert later == once
    assert third.is_none


def test_who_comes_back_is_a_member_from_today_and_was_one_before() -> None:
    after, change = changed(cohort(member("a", None, LONG_AGO)), cohort(member("a")), "replace", TODAY)
    assert after.students == (member("a", None, LONG_AGO), member("a", TODAY))
    assert change.students.join == ("a",)


def test_days_that_are_told_take_the_place_of_those_before() -> None:
    told = cohort(member("a", LONG_AGO, TODAY))
    after, change = changed(cohort(member("a")), told, "merge", TODAY)
    assert after.students == told.students
    assert change.students.change == ("a",)


def test_an_end_that_is_over_lets_a_member_leave() -> None:
    _, change = changed(cohort(member("a")), cohort(member("a", end=YESTERDAY)), "merge", TODAY)
    assert change.students.leave == ("a",)


def test_a_name_that_is_not_told_stays() -> None:
    after, change = changed(cohort(name="Seven"), cohort(), "replace", TODAY)
    assert (after.name, change.is_none) == ("Seven", True)
    _, change = changed(cohort(name="Seven"), cohort(name="Eight"), "replace", TODAY)
    assert change.renamed
    _, change = changed(None, cohort(), "replace", TODAY)
    assert change.made
