"""Doing jobs: part by part, by any replica, taken over from one that died or froze."""

from __future__ import annotations

import asyncio
from itertools import count

import msgspec
import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.job import VERSION, DamagedJob, Job
from mastery_engine.domain.errors import DependencyDown, NewerVersion, NotFound
from mastery_engine.engine.job_kinds import Part
from mastery_engine.engine.job_runner import LEASE_SECONDS, LOOK_SECONDS, MOST_TRIES
from tests.api.school import StillClock
from tests.unit.engine.jobs_house import ONES, Counting, House, Replica, caller


@pytest.fixture
async def house() -> House:
    return House()


async def test_a_job_is_done_part_by_part_and_tells_how_far_it_is(house: House) -> None:
    kind = Counting()
    replica = house.replica(kind)
    asked = await replica.jobs.submit(caller(), "counting", b"amal", total=ONES)
    assert (asked.state, asked.done, asked.total) == ("queued", 0, ONES)
    seen: list[tuple[str, int]] = []
    while await replica.runner.step():
        job = await replica.jobs.find(caller(), asked.job_id)
        seen.append((job.state, job.done))
        (told,) = await house.store.get_many([keys.batch_status("default", asked.job_id)])
        assert told is not None
        assert told.value == f"{job.state} {job.done}".encode()
    assert seen == [("running", 1), ("running", 2), ("done", 3)]
    job = await replica.jobs.find(caller(), asked.job_id)
    assert await replica.jobs.results(job, [0, 1, 2]) == [b"one did 0", b"one did 1", b"one did 2"]
    assert job.finished_ms == house.clock.ms
    assert await replica.jobs.book.listed(keys.open_jobs()) == []


async def test_another_process_goes_on_where_one_has_died(house: House) -> None:
    def dies(job: Job) -> None:
        if job.parts == 1:
            raise asyncio.CancelledError

    first = house.replica(Counting("first", dies))
    asked = await first.jobs.submit(caller(), "counting", b"")
    with pytest.raises(asyncio.CancelledError):
        await first.runner.drain()
    kind = Counting("second")
    second = house.replica(kind)
    await second.runner.drain()
    assert kind.did == [], "the lease is not over"
    house.clock.ms += LEASE_SECONDS * 1_000
    await second.runner.drain()
    assert kind.did == [(asked.job_id, 1), (asked.job_id, 2)]
    job = await second.jobs.find(caller(), asked.job_id)
    assert job.state == "done"
    assert await second.jobs.results(job, [0, 1, 2]) == [b"first did 0", b"second did 1", b"second did 2"]


async def test_whoever_was_frozen_beyond_the_lease_writes_nothing_more(house: House) -> None:
    def freezes(job: Job) -> None:
        if job.parts == 1:
            house.clock.ms += LEASE_SECONDS * 1_000

    replica = house.replica(Counting(happens=freezes))
    asked = await replica.jobs.submit(caller(), "counting", b"")
    await replica.runner.step()
    before = await house.names()
    await replica.runner.step()
    job = await replica.jobs.find(caller(), asked.job_id)
    assert (job.done, job.parts) == (1, 1)
    assert await house.names() == before


async def test_a_process_that_was_overtaken_takes_back_what_it_wrote_and_the_others_work_stands(
    house: House,
) -> None:
    """Its clock is slow: it believes in a lease that is over."""
    slow, entered, go_on = StillClock(house.clock.ms), asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def part(self, job: Job) -> Part:
            entered.set()
            await go_on.wait()
            return await super().part(job)

    ids = count(1)
    late = Replica(house.store, slow, Slow("late"), ids)
    quick = house.replica(Counting("quick"))
    asked = await late.jobs.submit(caller(), "counting", b"")
    frozen = asyncio.create_task(late.runner.step())
    await entered.wait()
    house.clock.ms += LEASE_SECONDS * 1_000
    await quick.runner.step()
    before = await house.names()
    go_on.set()
    await frozen
    assert await house.names() == before
    job = await quick.jobs.find(caller(), asked.job_id)
    assert (job.done, job.claims) == (1, 2)
    assert await quick.jobs.results(job, [0]) == [b"quick did 0"]


async def test_two_that_claim_at_once_do_a_part_once(house: House) -> None:
    kinds = [Counting(str(number)) for number in range(4)]
    replicas = [house.replica(kind) for kind in kinds]
    await replicas[0].jobs.submit(caller(), "counting", b"")
    for _ in range(3):
        await asyncio.gather(*(replica.runner.step() for replica in replicas))
    did = [one for kind in kinds for one in kind.did]
    assert sorted(number for _, number in did) == [0, 1, 2]


async def test_a_part_that_ends_its_process_again_and_again_is_given_up(house: House) -> None:
    def dies(job: Job) -> None:
        del job
        raise asyncio.CancelledError

    kind = Counting(happens=dies)
    replica = house.replica(kind)
    asked = await replica.jobs.submit(caller(), "counting", b"")
    for _ in range(MOST_TRIES):
        with pytest.raises(asyncio.CancelledError):
            await replica.runner.step()
        house.clock.ms += LEASE_SECONDS * 1_000
    await replica.runner.drain()
    job = await replica.jobs.find(caller(), asked.job_id)
    assert (job.state, job.error, len(kind.did)) == ("failed", "INTERNAL_ERROR", MOST_TRIES)
    assert job.message is not None
    assert "given up" in job.message


async def test_an_error_fails_the_job_and_what_nobody_foresaw_is_told_without_its_words(house: House) -> None:
    async def state_after(error: Exception) -> tuple[str, str | None, str | None]:
        def fails(job: Job) -> None:
            del job
            raise error

        replica = house.replica(Counting(happens=fails))
        asked = await replica.jobs.submit(caller(), "counting", b"")
        await replica.runner.drain()
        job = await replica.jobs.find(caller(), asked.job_id)
        return job.state, job.error, job.message

    assert await state_after(NotFound("no such school")) == ("failed", "NOT_FOUND", "no such school")
    state, code, message = await state_after(ValueError("amal"))
    assert (state, code) == ("failed", "INTERNAL_ERROR")
    assert message is not None
    assert "amal" not in message


async def test_what_is_down_is_waited_for_and_is_no_try(house: House) -> None:
    down = [True] * (MOST_TRIES + 1)

    def fails(job: Job) -> None:
        del job
        if down:
            down.pop()
            raise DependencyDown("nobody there")

    replica = house.replica(Counting(happens=fails))
    asked = await replica.jobs.submit(caller(), "counting", b"")
    for _ in range(MOST_TRIES + 1):
        with pytest.raises(DependencyDown):
            await replica.runner.step()
    await replica.runner.drain()
    assert (await replica.jobs.find(caller(), asked.job_id)).state == "done"


async def test_one_that_somebody_works_on_is_cancelled_after_the_part_under_way(house: House) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def part(self, job: Job) -> Part:
            entered.set()
            await go_on.wait()
            return await super().part(job)

    kind = Slow()
    replica = house.replica(kind)
    asked = await replica.jobs.submit(caller(), "counting", b"")
    working = asyncio.create_task(replica.runner.step())
    await entered.wait()
    cancelled = await replica.jobs.cancel(caller(), asked.job_id)
    assert (cancelled.state, cancelled.cancelled) == ("running", True)
    go_on.set()
    await working
    await replica.runner.drain()
    job = await replica.jobs.find(caller(), asked.job_id)
    assert (job.state, job.done, len(kind.did)) == ("cancelled", 1, 1)


async def test_high_priority_goes_first_and_those_of_one_priority_take_turns(house: House) -> None:
    kind = Counting(happens=lambda _: setattr(house.clock, "ms", house.clock.ms + 1))
    replica = house.replica(kind)
    low = await replica.jobs.submit(caller(), "counting", b"", priority="low")
    one = await replica.jobs.submit(caller(), "counting", b"")
    house.clock.ms += 1
    two = await replica.jobs.submit(caller(), "counting", b"")
    high = await replica.jobs.submit(caller(), "counting", b"", priority="high")
    await replica.runner.drain()
    order = [job_id for job_id, _ in kind.did]
    turns = [one.job_id, two.job_id] * 3
    assert order == [high.job_id] * 3 + turns + [low.job_id] * 3


async def test_what_is_gone_damaged_or_of_a_newer_release_stops_nobody(house: House) -> None:
    replica = house.replica()
    gone, damaged, newer, good = [
        (await replica.jobs.submit(caller(), "counting", b"")).job_id for _ in range(4)
    ]
    names = {one: keys.job("default", one) for one in (gone, damaged, newer)}
    job = await replica.jobs.find(caller(), newer)
    of_newer = msgspec.msgpack.encode({"version": VERSION + 1, "job_id": job.job_id})
    await replica.jobs.book.take_back([names[gone]])
    await replica.jobs.book.put(job, [(names[damaged], b"\xc1"), (names[newer], of_newer)])
    await replica.runner.drain()
    assert (await replica.jobs.find(caller(), good)).state == "done"
    assert [one.job_id for one in await replica.jobs.book.listed(keys.open_jobs())] == [newer]
    with pytest.raises(NewerVersion):
        await replica.jobs.find(caller(), newer)
    with pytest.raises(DamagedJob):
        await replica.jobs.find(caller(), damaged)
    assert await replica.jobs.forget("default", "amal") == 2, "nobody can tell whom they name"


async def test_who_runs_looks_again_after_a_while_and_at_once_when_asked_here(house: House) -> None:
    looks: list[float] = []
    held = asyncio.Event()

    class Clock(StillClock):
        async def sleep(self, seconds: float) -> None:
            looks.append(seconds)
            await held.wait()

    replica = Replica(house.store, Clock(), Counting(), count(1))
    stop = asyncio.Event()
    running = asyncio.create_task(replica.runner.run(stop))
    await asyncio.sleep(0.0)
    for _ in range(5):
        await asyncio.sleep(0)
    asked = await replica.jobs.submit(caller(), "counting", b"")
    for _ in range(100):
        await asyncio.sleep(0)
    assert (await replica.jobs.find(caller(), asked.job_id)).state == "done"
    assert set(looks) == {LOOK_SECONDS}
    stop.set()
    await running
