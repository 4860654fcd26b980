"""How batches are cut, and what becomes of those that fail."""

import asyncio

import pytest

from mastery_engine.adapters.dapr.packing import (
    BYTES_A_CALL,
    CALLS_AT_ONCE,
    ITEMS_A_CALL,
    cut,
    cut_conditional,
    each,
    waves,
)
from mastery_engine.ports import Write


def test_writes_of_one_key_come_one_after_the_other_and_others_together() -> None:
    keys = ["a", "b", "a", "c", "a", "b"]
    found = waves([Write(key, b"%d" % place) for place, key in enumerate(keys)])
    assert [[place for place, _ in wave] for wave in found] == [[0, 1, 3], [2, 5], [4]]
    assert waves([]) == []


def test_pieces_have_so_many_writes_or_so_many_bytes() -> None:
    small = [(n, Write(f"k{n}", b"1")) for n in range(2 * ITEMS_A_CALL + 1)]
    assert [len(piece) for piece in cut(small)] == [ITEMS_A_CALL, ITEMS_A_CALL, 1]
    large = [(n, Write(f"k{n}", bytes(BYTES_A_CALL // 2))) for n in range(3)]
    assert [len(piece) for piece in cut(large)] == [1, 1, 1]
    huge = [(0, Write("a", b"1")), (1, Write("b", bytes(4 * BYTES_A_CALL))), (2, Write("c", b"1"))]
    assert [[place for place, _ in piece] for piece in cut(huge)] == [[0], [1], [2]]
    assert list(cut([])) == []


def test_a_key_that_a_message_would_garble_goes_alone() -> None:
    writes = [(n, Write(key, b"1", "1")) for n, key in enumerate(["a", "two words", "b", "größe"])]
    assert [[place for place, _ in piece] for piece in cut_conditional(writes)] == [[0, 2], [1], [3]]


async def test_several_parts_are_done_at_a_time_and_no_more() -> None:
    under_way = most = 0

    async def do(part: int) -> None:
        nonlocal under_way, most
        assert part >= 0
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await each(range(5 * CALLS_AT_ONCE), do)
    assert most == CALLS_AT_ONCE


async def test_a_failure_is_told_when_nothing_of_its_batch_is_still_to_come() -> None:
    begun: list[int] = []
    ended: list[int] = []
    failed, opened = asyncio.Event(), asyncio.Event()

    async def do(part: int) -> None:
        begun.append(part)
        if part == 1:
            failed.set()
            raise ValueError(part)
        await opened.wait()
        ended.append(part)

    batch = asyncio.create_task(each(range(100), do))
    await failed.wait()
    await asyncio.sleep(0)
    assert not batch.done()
    opened.set()
    with pytest.raises(ValueError, match="1"):
        await batch
    assert len(begun) <= CALLS_AT_ONCE
    assert sorted([*ended, 1]) == sorted(begun)
