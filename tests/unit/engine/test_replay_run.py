"""Many students, rebuilt by several at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.replay_report import ReplayReport, summed
from mastery_engine.engine.replay_run import Slice, rebuild_all, sliced

STUDENTS = [f"s{number}" for number in range(1_000)]


def slices(number: int) -> list[Slice]:
    return [Slice("t", "run", place, [f"s{place}"], switch=False) for place in range(number)]


def silent(students: int, report: ReplayReport) -> None:
    del students, report


class Rebuilding:
    """Rebuilds, unless it stands at a slice that it cannot do."""

    def __init__(self, *fails: int) -> None:
        self.fails = fails
        self.done: list[int] = []

    async def rebuild(self, one: Slice) -> ReplayReport:
        await asyncio.sleep(0)
        if one.number in self.fails:
            raise DependencyDown(f"slice {one.number}")
        self.done.append(one.number)
        return ReplayReport(students=1, events=one.number)


def test_every_student_is_in_one_slice() -> None:
    assert Counter(name for part in sliced(STUDENTS, 10) for name in part) == Counter(STUDENTS)


def test_slices_are_of_nearly_one_size() -> None:
    sizes = [len(part) for part in sliced(STUDENTS, 10)]
    assert min(sizes) > 60
    assert max(sizes) < 140


def test_a_student_stays_in_the_same_slice_whoever_comes_or_goes() -> None:
    before = {name: place for place, part in enumerate(sliced(STUDENTS, 10)) for name in part}
    others = [*STUDENTS[::3], *(f"new-{number}" for number in range(50))]
    after = {name: place for place, part in enumerate(sliced(others, 10)) for name in part}
    assert all(after[name] == before[name] for name in STUDENTS[::3])
    # Written down, since an interrupted replay may be gone on with by another release.
    assert [len(part) for part in sliced(["ada-01", "bob-02", "cy-03", "dee-04"], 3)] == [1, 0, 3]


def test_nobody_makes_no_slice() -> None:
    assert sliced([], 0) == []


async def test_all_share_the_slices_and_each_is_done_once() -> None:
    one, two = Rebuilding(), Rebuilding()
    told: list[tuple[int, int]] = []
    reports = await rebuild_all(
        slices(9), [one, two], lambda students, report: told.append((students, report.events))
    )
    assert sorted(one.done + two.done) == list(range(9))
    assert one.done
    assert two.done
    assert sorted(told) == [(1, number) for number in range(9)]
    assert summed(reports) == ReplayReport(students=9, events=36)


async def test_after_an_error_the_others_end_their_slice_and_begin_no_other() -> None:
    one, two = Rebuilding(2), Rebuilding(2)
    told: list[int] = []
    with pytest.raises(DependencyDown, match="slice 2"):
        await rebuild_all(slices(50), [one, two], lambda _, report: told.append(report.events))
    assert len(one.done) + len(two.done) <= 4
    assert sorted(told) == sorted(one.done + two.done)


async def test_with_nothing_to_do_there_is_nothing_to_tell() -> None:
    assert await rebuild_all([], [Rebuilding()], silent) == []


def test_reports_are_summed_field_by_field_in_one_order() -> None:
    parts = [
        ReplayReport(students=2, different={"b": ["x"]}, behind=["z"], lost=["2"], equal=1),
        ReplayReport(students=3, different={"a": ["y"]}, behind=["c"], lost=["1"], mended=4),
    ]
    total = ReplayReport(
        students=5, different={"a": ["y"], "b": ["x"]}, behind=["c", "z"], lost=["1", "2"], equal=1, mended=4
    )
    assert summed(parts) == summed(reversed(parts)) == total
    assert list(summed(parts).different) == ["a", "b"]
    assert summed([]) == ReplayReport()
