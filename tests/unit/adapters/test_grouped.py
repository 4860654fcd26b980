"""Writes of several callers in one: who comes meanwhile joins the next, and who goes takes no other along."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mastery_engine.adapters.shared.grouped import Grouped

DEADLINE_SECONDS = 20


class Disk:
    """Writes that end when they are let."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def write(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.begun.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return [-item for item in items]


@pytest.fixture
async def disk() -> Disk:
    return Disk()


async def begun_with(disk: Disk, grouped: Grouped[int, int]) -> asyncio.Task[int]:
    first = asyncio.create_task(grouped.write(1))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await disk.begun.wait()
    return first


@pytest.mark.parametrize("sees_through", [True, False])
async def test_who_comes_meanwhile_shares_the_next_and_each_gets_its_own_result(
    disk: Disk, *, sees_through: bool
) -> None:
    grouped = Grouped(disk.write, sees_through=sees_through)
    first = await begun_with(disk, grouped)
    others = [asyncio.create_task(grouped.write(n)) for n in (2, 3, 4)]
    await asyncio.sleep(0)
    others.pop(1).cancel()
    disk.go_on.set()
    assert await asyncio.gather(first, *others) == [-1, -2, -4]
    assert disk.groups == [[1], [2, 4]]


async def test_one_that_sees_through_ends_with_what_has_begun(disk: Disk) -> None:
    grouped = Grouped(disk.write, sees_through=True)
    first = await begun_with(disk, grouped)
    for _ in range(3):
        first.cancel()
        await asyncio.sleep(0)
        assert not first.done()
    disk.error = ZeroDivisionError()
    disk.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_that_does_not_goes_at_once_and_the_others_are_written(disk: Disk) -> None:
    grouped = Grouped(disk.write, sees_through=False)
    first = await begun_with(disk, grouped)
    second = asyncio.create_task(grouped.write(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    disk.go_on.set()
    assert await second == -2
    await grouped.finish()
    assert disk.groups == [[1], [2]]


@pytest.mark.parametrize("sees_through", [True, False])
async def test_an_error_is_told_to_each_of_its_group_and_the_next_goes_on(
    disk: Disk, *, sees_through: bool
) -> None:
    grouped = Grouped(disk.write, sees_through=sees_through)
    disk.error = ZeroDivisionError()
    disk.go_on.set()
    outcomes = await asyncio.gather(grouped.write(1), grouped.write(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 2
    disk.error = None
    assert await grouped.write(3) == -3


async def test_finishing_waits_for_what_has_begun_and_for_nothing_where_nothing_has(disk: Disk) -> None:
    grouped = Grouped(disk.write, sees_through=False)
    await grouped.finish()
    first = await begun_with(disk, grouped)
    finishing = asyncio.create_task(grouped.finish())
    await asyncio.sleep(0)
    assert not finishing.done()
    disk.go_on.set()
    await finishing
    assert await first == -1
