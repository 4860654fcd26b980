"""Rosters, and how a student stands in a class."""

from datetime import date

import pytest

from mastery_engine.domain.cohort import Cohort, Membership, Standing, compare

FIVE = {"a": 0.2, "b": 0.4, "c": 0.4, "d": 0.6, "e": 0.9}


@pytest.mark.parametrize(
    ("start", "end", "member"),
    [
        (None, None, True),
        (date(2014, 3, 5), None, True),
        (date(2014, 3, 6), None, False),
        (None, date(2014, 3, 5), True),
        (None, date(2014, 3, 4), False),
        (date(2014, 3, 5), date(2014, 3, 5), True),
    ],
)
def test_both_ends_of_a_membership_are_included(
    start: date | None, end: date | None, *, member: bool
) -> None:
    assert Membership(person_id="a", start=start, end=end).covers(date(2014, 3, 5)) is member


def test_members_of_a_day_are_sorted_and_told_once() -> None:
    cohort = Cohort(
        cohort_id="class-1",
        teachers=(Membership(person_id="t"),),
        students=(
            Membership(person_id="b"),
            Membership(person_id="a", end=date(2014, 3, 1)),
            Membership(person_id="a", start=date(2014, 3, 1)),
            Membership(person_id="c", end=date(2014, 2, 28)),
        ),
    )
    assert cohort.members(date(2014, 3, 1)) == ["a", "b"]


def test_half_of_the_equal_count_as_below_oneself_included() -> None:
    assert compare("b", FIVE, list(FIVE), sees_all=False) == Standing(
        value=0.4, size=5, with_evidence=5, mean=0.5, median=0.4, percentile=40.0, rank=3
    )


@pytest.mark.parametrize(
    ("student", "percentile", "rank"), [("a", 10.0, 5), ("c", 40.0, 3), ("d", 70.0, 2), ("e", 90.0, 1)]
)
def test_ties_share_the_better_rank_and_one_percentile(student: str, percentile: float, rank: int) -> None:
    standing = compare(student, FIVE, list(FIVE), sees_all=False)
    assert (standing.percentile, standing.rank) == (percentile, rank)


def test_a_class_that_is_all_equal_stands_in_the_middle() -> None:
    standing = compare("a", dict.fromkeys("abcde", 0.5), list("abcde"), sees_all=False)
    assert (standing.percentile, standing.rank) == (50.0, 1)


def test_values_are_compared_and_told_at_six_decimals() -> None:
    values = {"a": 0.1 + 0.2, "b": 0.3, "c": 1 / 3, "d": 0.0, "e": 0.0}
    standing = compare("a", values, list(values), sees_all=False)
    assert (standing.value, standing.rank, standing.percentile) == (0.3, 2, 60.0)
    assert (standing.mean, standing.median) == (0.186667, 0.3)


def test_members_without_evidence_count_in_the_size_only() -> None:
    standing = compare("e", FIVE, [*FIVE, "f", "g"], sees_all=False)
    assert (standing.size, standing.with_evidence, standing.mean, standing.percentile) == (7, 5, 0.5, 90.0)


def test_with_fewer_than_five_with_evidence_a_student_sees_own_score_and_size_only() -> None:
    assert compare("a", FIVE, ["a", "b", "c", "d", "x"], sees_all=False) == Standing(value=0.2, size=5)


def test_the_teacher_sees_all_of_a_small_class() -> None:
    assert compare("a", FIVE, ["a", "b"], sees_all=True) == Standing(
        value=0.2, size=2, with_evidence=2, mean=0.3, median=0.3, percentile=25.0, rank=2
    )


def test_a_member_without_evidence_sees_the_class_and_has_no_place_in_it() -> None:
    assert compare("x", FIVE, [*FIVE, "x"], sees_all=False) == Standing(
        value=None, size=6, with_evidence=5, mean=0.5, median=0.4
    )


def test_values_of_people_who_are_no_members_do_not_count() -> None:
    standing = compare("a", {**FIVE, "stranger": 0.0}, list(FIVE), sees_all=False)
    assert (standing.with_evidence, standing.percentile) == (5, 10.0)
    assert compare("stranger", {**FIVE, "stranger": 0.0}, list(FIVE), sees_all=True).value is None


def test_a_class_without_any_evidence_tells_its_size() -> None:
    assert compare("a", {}, ["a", "b"], sees_all=True) == Standing(value=None, size=2)
