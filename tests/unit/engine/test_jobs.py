"""Jobs: asked for within bounds, seen by whom they are, cancelled, kept for a while and forgotten."""

from __future__ import annotations

import asyncio

import pytest

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.contracts.job import Job, Listed, decode_job, encode_job
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import Conflict, DependencyDown, MasteryError, NotFound
from mastery_engine.engine import jobs as module
from mastery_engine.engine.access import Caller
from mastery_engine.engine.job_book import KEPT_SECONDS, JobBook
from mastery_engine.engine.job_kinds import Part
from mastery_engine.engine.job_runner import LEASE_SECONDS
from mastery_engine.engine.tenants import TenantDirectory
from tests.unit.engine.jobs_house import FORMULAS, Counting, House, caller


@pytest.fixture
async def house() -> House:
    return House()


async def test_a_job_that_nobody_works_on_is_cancelled_at_once(house: House) -> None:
    kind = Counting()
    replica = house.replica(kind)
    asked = await replica.jobs.submit(caller(), "counting", b"")
    assert (await replica.jobs.cancel(caller(), asked.job_id)).state == "cancelled"
    await replica.runner.drain()
    assert kind.did == []
    assert (await replica.jobs.cancel(caller(), asked.job_id)).state == "cancelled"
    assert await replica.jobs.book.listed(keys.open_jobs()) == []


async def test_what_is_finished_is_not_cancelled(house: House) -> None:
    replica = house.replica()
    asked = await replica.jobs.submit(caller(), "counting", b"")
    await replica.runner.drain()
    assert (await replica.jobs.cancel(caller(), asked.job_id)).state == "done"


async def test_open_jobs_are_bounded_by_caller_by_tenant_and_in_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPEN_OF_CALLER", 2)
    monkeypatch.setattr(module, "MOST_OPEN_OF_TENANT", 3)
    monkeypatch.setattr(module, "MOST_OPEN", 4)
    replica = house.replica()

    async def submit(subject: str, tenant_id: str = "default") -> str:
        return (await replica.jobs.submit(caller(subject, tenant_id=tenant_id), "counting", b"")).job_id

    first = await submit("ms-yun")
    await submit("ms-yun")
    kept = await house.names()
    with pytest.raises(Conflict, match="you have 2 open jobs"):
        await submit("ms-yun")
    assert {key for key in await house.names() if ":status" in key or key.startswith("job:")} == {
        key for key in kept if ":status" in key or key.startswith("job:")
    }
    await submit("mr-ode")
    with pytest.raises(Conflict, match="the school has 3 open jobs"):
        await submit("dr-lin")
    await submit("ms-yun", "north")
    with pytest.raises(Conflict, match="there are 4 open jobs"):
        await submit("dr-lin", "north")
    await replica.jobs.cancel(caller(), first)
    await submit("ms-yun")


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (caller(), True),
        (caller("head", "admin"), True),
        (caller("os:root", "operator"), True),
        (caller("mr-ode"), False),
        (caller("ms-yun", "student"), False),
        (caller("head", "admin", "north"), False),
    ],
)
async def test_a_job_is_seen_by_who_asked_for_it_and_by_admins_of_the_tenant(
    house: House, who: Caller, *, sees: bool
) -> None:
    replica = house.replica()
    await TenantDirectory(house.store, FORMULAS).create(Tenant(tenant_id="north"))
    asked = await replica.jobs.submit(caller(), "counting", b"")
    if sees:
        assert (await replica.jobs.find(who, asked.job_id)).job_id == asked.job_id
        return
    with pytest.raises(NotFound) as hidden:
        await replica.jobs.find(who, asked.job_id)
    with pytest.raises(NotFound) as absent:
        await replica.jobs.find(who, "0" * 32)
    assert hidden.value.message == absent.value.message
    with pytest.raises(NotFound):
        await replica.jobs.cancel(who, asked.job_id)
    if who.tenant_id == "default":
        assert [record.entry.allowed for record in await replica.audit.read("default")] == [False] * 3


async def test_a_student_takes_every_job_along_that_may_name_them_or_is_theirs(house: House) -> None:
    replica = house.replica()
    named = await replica.jobs.submit(caller(), "counting", b"amal bo")
    await replica.runner.drain()
    own = await replica.jobs.submit(caller("amal", "student"), "counting", b"")
    await replica.runner.step()
    other = await replica.jobs.submit(caller(), "counting", b"bo")
    assert await replica.jobs.forget("default", "amal") == 2
    left = await house.names()
    assert not [key for key in left if named.job_id in key or own.job_id in key]
    await replica.runner.drain()
    assert (await replica.jobs.find(caller(), other.job_id)).state == "done"
    assert await replica.jobs.forget("default", "amal") == 0


async def test_a_job_that_is_forgotten_under_way_leaves_nothing_behind(house: House) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def part(self, job: Job) -> Part:
            entered.set()
            await go_on.wait()
            return await super().part(job)

    replica = house.replica(Slow())
    asked = await replica.jobs.submit(caller(), "counting", b"amal")
    working = asyncio.create_task(replica.runner.step())
    await entered.wait()
    assert await replica.jobs.forget("default", "amal") == 1
    go_on.set()
    await working
    assert not [key for key in await house.names() if asked.job_id in key]


async def test_what_was_written_by_who_died_before_it_counted_is_forgotten_too(house: House) -> None:
    kind = Counting()
    replica = house.replica(kind)
    asked = await replica.jobs.submit(caller(), "counting", b"amal")
    # A process ends between its results and the job: the results are there, and nobody refers to them.

    def dies(job: Job) -> None:
        del job
        raise asyncio.CancelledError

    kind.happens = dies
    with pytest.raises(asyncio.CancelledError):
        await replica.runner.step()
    job = await replica.jobs.find(caller(), asked.job_id)
    await replica.jobs.book.put(job, [(keys.job_part("default", job.job_id, job.parts, job.claims), b"amal")])
    house.clock.ms += LEASE_SECONDS * 1_000
    kind.happens = None
    await replica.runner.drain()
    assert await replica.jobs.forget("default", "amal") == 1
    assert not [key for key in await house.names() if asked.job_id in key]


async def test_jobs_go_after_a_week_and_the_oldest_before_where_there_are_too_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT_OF_TENANT", 2)
    replica = house.replica()
    made: list[str] = []
    for _ in range(3):
        made.append((await replica.jobs.submit(caller(), "counting", b"")).job_id)
        await replica.runner.drain()
        house.clock.ms += 1
    with pytest.raises(NotFound):
        await replica.jobs.find(caller(), made[0])
    kept = await replica.jobs.book.listed(keys.kept_jobs("default"))
    assert [one.job_id for one in kept] == made[1:]
    house.clock.ms += KEPT_SECONDS * 1_000
    with pytest.raises(NotFound):
        await replica.jobs.find(caller(), made[2])
    await replica.jobs.submit(caller(), "counting", b"")
    assert len(await replica.jobs.book.listed(keys.kept_jobs("default"))) == 1


async def test_a_list_that_others_change_all_the_time_is_told(house: House) -> None:
    class Busy:
        """A store on which whoever writes a list is always too late."""

        def __init__(self, store: MemoryStateStore) -> None:
            self._store = store

        def __getattr__(self, name: str) -> object:
            return getattr(self._store, name)

        async def write_many(self, writes: list[object]) -> list[bool]:
            return [False] * len(writes)

    book = JobBook(Busy(house.store), house.clock)  # pyright: ignore[reportArgumentType] - enough of one
    with pytest.raises(DependencyDown, match="too many"):
        await book.change("jobs:open", lambda listed: [*listed, Listed("default", "a", 0, 0, "")])


def test_a_job_is_the_same_after_it_was_written() -> None:
    job = Job(
        job_id="a",
        tenant_id="default",
        kind="counting",
        subject="ms-yun",
        role="teacher",
        request_id="r1",
        payload=b"\x00\xff",
        created_ms=1,
        note=b"\x01",
        results=((0, 1),),
        lost=((1, 2),),
    )
    assert decode_job(encode_job(job)) == job
    failed = job.finished("failed", 5, MasteryError("no"))
    assert decode_job(encode_job(failed)) == failed
