"""L1: what is kept, for how long, and that no race brings an older document back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mastery_engine.contracts.document import TOMBSTONE, DamagedDocument
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.cached_learners import ABSENT_SECONDS, HELD_SECONDS
from mastery_engine.ports import Write
from tests.unit.engine.house import StandingClock
from tests.unit.engine.learners_house import Process, WatchedStore, document_bytes, key_of


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def store(clock: StandingClock) -> WatchedStore:
    made = WatchedStore(clock)
    for number, student in enumerate(("ann", "bo", "cy"), 1):
        await made.write_many([Write(key_of(student), document_bytes(number))])
    return made


@pytest.fixture
async def process(store: WatchedStore, clock: StandingClock) -> AsyncIterator[Process]:
    made = Process(store, clock)
    yield made
    await made.learners.close()


# What is kept.


async def test_a_learner_is_read_once_in_half_a_minute(
    process: Process, store: WatchedStore, clock: StandingClock
) -> None:
    assert [await process.correct() for _ in range(3)] == [1, 1, 1]
    assert len(store.reads) == 1
    await clock.sleep(HELD_SECONDS)
    assert await process.correct() == 1
    assert len(store.reads) == 2
    assert (process.counts.hits["l1"], process.counts.misses["l1"]) == (2, 2)


async def test_many_are_one_read_of_those_that_are_not_kept_in_the_order_asked_for(
    process: Process, store: WatchedStore
) -> None:
    await process.read("bo")
    wanted = [key_of(one) for one in ("cy", "bo", "nobody", "ann", "cy")]
    found = await process.learners.many(wanted)
    assert [None if one is None else one.events for one in found] == [1, 1, None, 1, 1]
    assert found[0] is found[4]
    assert store.reads == [[key_of("bo")], [key_of("cy"), key_of("nobody"), key_of("ann")]]


async def test_that_there_is_nobody_is_kept_for_a_shorter_time_and_not_beyond_the_first_event(
    process: Process, store: WatchedStore, clock: StandingClock
) -> None:
    assert [await process.read("new"), await process.read("new")] == [None, None]
    assert len(store.reads) == 1
    await clock.sleep(ABSENT_SECONDS)
    assert await process.read("new") is None
    assert len(store.reads) == 2
    await process.write(7, "new")
    assert await process.correct("new") == 7


async def test_an_erased_student_is_nobody_at_once(process: Process) -> None:
    await process.read()
    await process.store.write_many([Write(key_of("ann"), TOMBSTONE)])
    assert await process.read() is None
    await process.store.write_many([Write(key_of("ann"), None)])
    assert await process.read() is None


async def test_no_more_memory_is_taken_than_allowed_and_those_used_last_stay(
    store: WatchedStore, clock: StandingClock
) -> None:
    process = Process(store, clock)
    await process.read()
    size = process.learners.held_bytes
    process = Process(store, clock, most_bytes=2 * size)
    for student in ("ann", "bo", "ann", "cy"):
        await process.read(student)
    assert process.learners.held_bytes == 2 * size
    assert process.counts.crowded_out == 1
    store.reads.clear()
    for student in ("ann", "cy"):
        await process.read(student)
    assert store.reads == []


@pytest.mark.parametrize("most_bytes", [0, 1_000])
async def test_what_is_larger_than_all_that_is_allowed_is_not_kept(
    store: WatchedStore, clock: StandingClock, most_bytes: int
) -> None:
    process = Process(store, clock, most_bytes=most_bytes)
    assert [await process.correct(), await process.correct()] == [1, 1]
    assert len(store.reads) == 2
    assert process.learners.held_bytes == 0


# One read at a time.


async def test_two_hundred_who_ask_at_once_are_one_read(process: Process, store: WatchedStore) -> None:
    found = await asyncio.gather(*(process.correct() for _ in range(200)))
    assert found == [1] * 200
    assert len(store.reads) == 1
    assert process.counts.joins == 199


async def test_who_asks_for_one_of_many_waits_for_the_read_of_the_many(
    process: Process, store: WatchedStore
) -> None:
    many = process.learners.many([key_of("ann"), key_of("bo")])
    (both, bo) = await asyncio.gather(many, process.read("bo"))
    assert both[1] is bo
    assert len(store.reads) == 1


async def test_a_read_that_fails_fails_all_who_wait_for_it_and_nobody_after(
    process: Process, store: WatchedStore
) -> None:
    store.error = DependencyDown("the store does not answer")
    told = await asyncio.gather(*(process.read() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in told] == [DependencyDown] * 5
    assert len(store.reads) == 1
    store.error = None
    assert await process.correct() == 1


async def test_a_damaged_document_fails_its_own_readers_only(process: Process, store: WatchedStore) -> None:
    await store.write_many([Write(key_of("bo"), b"\x00")])
    many = process.learners.many([key_of("ann"), key_of("bo")])
    told = await asyncio.gather(many, process.read("bo"), process.read("ann"), return_exceptions=True)
    assert [isinstance(one, DamagedDocument) for one in told] == [True, True, False]
    await process.write(5, "bo")
    assert await process.correct("bo") == 5


async def test_a_reader_who_goes_away_takes_the_read_from_nobody(
    process: Process, store: WatchedStore
) -> None:
    store.answers.shut()
    first = asyncio.create_task(process.read())
    await store.answers.waiting.wait()
    second = asyncio.create_task(process.correct())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    store.answers.open.set()
    assert await second == 1
    assert len(store.reads) == 1


async def test_a_read_that_nobody_waits_for_any_more_may_fail_in_silence(
    process: Process, store: WatchedStore
) -> None:
    store.answers.shut()
    store.error = DependencyDown("the store does not answer")
    reader = asyncio.create_task(process.read())
    await store.answers.waiting.wait()
    reader.cancel()
    store.answers.open.set()
    await process.settled()
    store.error = None
    assert await process.correct() == 1


# Changes.


async def test_a_write_of_this_process_is_seen_by_the_next_read(process: Process) -> None:
    assert await process.correct() == 1
    await process.write(9)
    assert await process.correct() == 9
    assert (process.counts.evictions, process.counts.stale) == (1, 1)


async def test_a_read_under_way_during_a_change_is_not_kept_and_nobody_joins_it_afterwards(
    process: Process, store: WatchedStore
) -> None:
    store.answers.shut()
    older = asyncio.create_task(process.correct())
    await store.answers.waiting.wait()
    await process.write(9)
    newer = asyncio.create_task(process.correct())
    await asyncio.sleep(0)
    store.answers.open.set()
    assert [await older, await newer] == [1, 9]
    assert await process.correct() == 9
    assert (len(store.reads), process.counts.overtaken, process.counts.joins) == (2, 1, 0)


async def test_a_write_that_failed_evicts_too_since_it_may_have_arrived(
    process: Process, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await process.read()
    written = store.write_many

    async def arrives_unanswered(writes: list[Write]) -> list[bool]:
        await written(writes)
        raise DependencyDown("the store does not answer")

    monkeypatch.setattr(store, "write_many", arrives_unanswered)
    with pytest.raises(DependencyDown):
        await process.write(9)
    assert await process.correct() == 9


async def test_writes_of_other_keys_evict_nothing(process: Process) -> None:
    await process.read()
    others = ["student:ann:mastery:2024-03-01", f"replay:run:{key_of('ann')}", "tenant:north"]
    await process.store.write_many([Write(key, b"1") for key in others])
    assert process.counts.evictions == 0
    assert [entry is not None for entry in await process.store.get_many(others)] == [True] * 3


async def test_while_paused_every_read_is_the_stores_and_nothing_from_before_comes_back(
    process: Process, store: WatchedStore
) -> None:
    await process.read()
    store.answers.shut()
    under_way = asyncio.create_task(process.read("bo"))
    await store.answers.waiting.wait()
    process.learners.pause("the results cannot be followed")
    store.answers.open.set()
    await under_way
    await store.write_many([Write(key_of("ann"), document_bytes(9))])
    assert [await process.correct(), await process.correct()] == [9, 9]
    process.learners.resume()
    assert await process.correct("bo") == 2
    store.reads.clear()
    await process.read("bo")
    assert store.reads == []
    assert process.learners.trouble is None


async def test_a_refreshed_learner_is_as_the_store_has_it(process: Process, store: WatchedStore) -> None:
    await process.read()
    await store.write_many([Write(key_of("ann"), document_bytes(9))])
    assert await process.correct() == 1
    await process.learners.refresh([key_of("ann")])
    assert await process.correct() == 9
    assert (process.counts.evictions, process.counts.stale) == (1, 0)
