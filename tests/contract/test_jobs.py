"""Jobs, and requests that are sent again, on every state store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.job import Job
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.idempotency import Idempotency, Kept, Reservation
from mastery_engine.engine.job_runner import LEASE_SECONDS
from tests.contract.factories import FakeClock, PurgingStore, StateFactory
from tests.unit.engine.jobs_house import ONES, Counting, Replica, caller


@pytest.fixture
async def store(states: StateFactory) -> AsyncIterator[PurgingStore]:
    made = await states.state()
    yield made
    await made.close()


async def test_several_replicas_do_each_part_once_and_all_results_are_there(
    store: PurgingStore, clock: FakeClock
) -> None:
    kinds, ids = [Counting(str(number)) for number in range(3)], count(1)
    replicas = [Replica(store, clock, kind, ids) for kind in kinds]
    asked = await asyncio.gather(*(one.jobs.submit(caller(), "counting", b"") for one in replicas))
    for _ in range(5 * ONES):
        await asyncio.gather(*(one.runner.step() for one in replicas))
    did = sorted(one for kind in kinds for one in kind.did)
    assert did == sorted((job.job_id, part) for job in asked for part in range(ONES))
    for job in asked:
        done = await replicas[0].jobs.find(caller(), job.job_id)
        assert done.state == "done"
        results = await replicas[1].jobs.results(done, list(range(ONES)))
        assert [(one or b"")[1:] for one in results] == [b" did %d" % part for part in range(ONES)]
    assert await replicas[0].jobs.book.listed(keys.open_jobs()) == []


async def test_one_that_died_is_taken_over_and_a_student_takes_the_job_along(
    store: PurgingStore, clock: FakeClock
) -> None:
    def dies(job: Job) -> None:
        if job.parts == 1:
            raise asyncio.CancelledError

    ids = count(1)
    first, second = (Replica(store, clock, kind, ids) for kind in (Counting("a", dies), Counting("b")))
    asked = await first.jobs.submit(caller(), "counting", b"amal")
    with pytest.raises(asyncio.CancelledError):
        await first.runner.drain()
    assert not await second.runner.step()
    clock.advance(LEASE_SECONDS)
    await second.runner.drain()
    job = await second.jobs.find(caller(), asked.job_id)
    assert await second.jobs.results(job, [0, 1, 2]) == [b"a did 0", b"b did 1", b"b did 2"]
    assert await first.jobs.forget("default", "amal") == 1
    with pytest.raises(NotFound):
        await first.jobs.find(caller(), asked.job_id)
    assert [key async for batch in store.scan("job:") for key in batch] == []


async def test_a_key_is_reserved_answered_refused_and_let_go(store: PurgingStore, clock: FakeClock) -> None:
    known, sender = Idempotency(store, Pseudonyms(b"k" * 32), clock), caller("tutor", "service")

    async def takes() -> bool:
        begun = await known.begin(sender, "key-1", b"body")
        if isinstance(begun, Reservation):
            await known.finish(begun, "position")
        return isinstance(begun, Reservation)

    assert await takes()
    again = await known.begin(sender, "key-1", b"body")
    assert isinstance(again, Kept)
    assert again.token == "position"
    with pytest.raises(Conflict):
        await known.begin(sender, "key-1", b"another body")
    reserved = await known.begin(sender, "key-2", b"body")
    assert isinstance(reserved, Reservation)
    await known.release(reserved)
    assert isinstance(await known.begin(sender, "key-2", b"another body"), Reservation)
