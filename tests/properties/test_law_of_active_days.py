"""The bitmap of active days is the set of active days, cut at ninety, in whatever order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.evidence import KEPT_ACTIVE_DAYS, NO_DAY, Evidence, merge_all
from mastery_engine.domain.scores import streaks

days = st.lists(
    st.one_of(
        st.integers(19_000, 19_012), st.sampled_from((19_089, 19_090, 19_091)), st.integers(18_800, 19_200)
    ),
    max_size=30,
)


def marked(numbers: list[int]) -> Evidence:
    evidence = Evidence()
    for number in numbers:
        evidence.mark_active(number, 1)
    return evidence


def as_set(evidence: Evidence) -> set[int]:
    return {evidence.active_until - k for k in range(200) if evidence.active_days >> k & 1}


@given(days)
def test_it_holds_the_days_of_the_ninety_that_end_at_the_newest(numbers: list[int]) -> None:
    evidence = marked(numbers)
    newest = max(numbers, default=NO_DAY)
    assert evidence.active_until == newest
    assert as_set(evidence) == {day for day in numbers if newest - day < KEPT_ACTIVE_DAYS}


@given(days, days, days)
def test_merging_is_associative_and_commutative(one: list[int], two: list[int], three: list[int]) -> None:
    left = merge_all((merge_all((marked(one), marked(two))), marked(three)))
    right = merge_all((marked(three), merge_all((marked(two), marked(one)))))
    assert left == right == marked(one + two + three)


@given(st.lists(st.booleans(), max_size=89))
def test_streaks_are_the_last_run_and_the_longest_run(earlier: list[bool]) -> None:
    active = [*earlier, True]
    runs = "".join("x" if day else " " for day in active).split(" ")
    bitmap = sum(1 << k for k, day in enumerate(reversed(active)) if day)
    assert streaks(bitmap) == (len(runs[-1]), max(map(len, runs)))
