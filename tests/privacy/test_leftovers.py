"""Whatever is left of a student, wherever it is: a look finds it, and an erasure takes it away."""

from __future__ import annotations

from collections import Counter

import pytest

from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.contracts import keys
from mastery_engine.engine.erasure import sweep_state
from mastery_engine.engine.erasure.parts import Case
from mastery_engine.engine.erasure.sweep import Look, Sweep
from mastery_engine.ports import Write
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event
from tests.privacy.planted import MANY, PLANTS

NOT_SWEPT = {
    "tenant",
    "erased",
    "erasing",
    "revoked_token",
    "revoked_subject",
    "newest_revocation",
    "restricted",
    "audit_witness",
    "rewording_tokens",
}
"""Keys without an id of anybody in name or value."""


class Watched:
    """A school, and a sweep that has its cache too."""

    def __init__(self, school: Leaving) -> None:
        self.school = school
        self.cache = MemoryCache(school.clock)

    async def plant(self, what: str) -> None:
        await PLANTS[what][1](self.school, self.cache)

    async def look(self, request_id: str) -> Look:
        case = Case(await self.school.request(request_id), ANNA, Counter())
        runner = self.school.runner(cache=self.cache)
        return await runner._sweep.look([case])

    async def erase(self, request_id: str) -> str:
        await self.school.runner(cache=self.cache).run_once()
        return (await self.school.request(request_id)).state


@pytest.mark.parametrize("what", PLANTS)
async def test_what_is_left_is_found_and_is_gone_after_an_erasure(in_memory: Leaving, what: str) -> None:
    watched = Watched(in_memory)
    await watched.plant(what)
    request = await in_memory.engine.erasures.ask(admin(), ANNA)
    found = {
        (one.tenant_id, one.student_id, one.place) for one in (await watched.look(request.request_id)).left
    }
    assert ("default", ANNA, PLANTS[what][0]) in found
    assert await watched.erase(request.request_id) == "done"
    look = await watched.look(request.request_id)
    assert (look.left, look.late) == ([], {})
    assert await in_memory.left() == set()


async def test_all_of_it_together_goes_from_files_and_servers_and_nothing_of_others(school: Leaving) -> None:
    watched = Watched(school)
    await school.append(event(30, BEN))
    await school.fold()
    before = await school.left(BEN)
    for what in PLANTS:
        await watched.plant(what)
    request = await school.engine.erasures.ask(admin(), ANNA)
    places = {one.place for one in (await watched.look(request.request_id)).left}
    assert {place for place, _ in PLANTS.values()} <= places
    assert await watched.erase(request.request_id) == "done"
    assert await school.left() == set()
    assert await school.left(BEN) - {"rosters"} == before


async def test_an_erasure_from_which_something_is_kept_does_not_end_and_tells_where(
    school: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(school)
    for what in PLANTS:
        await watched.plant(what)
    request = await school.engine.erasures.ask(admin(), ANNA)

    async def nothing(self: Sweep, cases: object) -> None:
        del self, cases

    with monkeypatch.context() as kept:
        kept.setattr(Sweep, "remove", nothing)
        assert await watched.erase(request.request_id) == "open"
    told = str((await school.request(request.request_id)).progress["left"])
    for place in ("archive", "dead letters", "keys", "mastery.requests", "processed", "rosters", "values"):
        assert place in told
    assert ANNA not in told
    assert await watched.erase(request.request_id) == "done"


async def test_a_job_that_names_the_student_goes_whole_and_one_of_others_stays(in_memory: Leaving) -> None:
    engine = in_memory.engine
    others = await engine.batches.ask(admin(), [one for one in MANY if one != ANNA])
    await engine.batches.ask(admin(), MANY)
    await engine.job_runner.drain()
    done = await in_memory.erase()
    assert done.report is not None
    assert done.report["removed"]["jobs"] == 1
    names = [name async for some in engine.adapters.store.scan("") for name in some]
    jobs = {name for name in names if name.startswith(("job:", "batch:"))}
    assert len(jobs) == 3
    assert all(others.job_id in name for name in jobs)  # pyright: ignore[reportAttributeAccessIssue]
    assert [one.job_id for one in await engine.jobs.book.listed(keys.kept_jobs("default"))] == [others.job_id]  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_damaged_list_of_jobs_keeps_no_erasure_open(in_memory: Leaving) -> None:
    await in_memory.engine.batches.ask(admin(), MANY)
    await in_memory.store([Write(keys.kept_jobs("default"), b"\xc1")])
    assert (await in_memory.erase()).state == "done"
    names = [name async for some in in_memory.engine.adapters.store.scan("job:") for name in some]
    assert names == []


def test_each_kind_of_key_is_swept_or_holds_no_id() -> None:
    swept = (*sweep_state.UNOWNED, *sweep_state.OF_DEFAULT)
    made = {
        "learner": keys.learner("default", "s"),
        "document": keys.document("default", "s"),
        "cached": keys.cached(keys.document("default", "s")),
        "day_result": keys.day_result("default", "s", "2026-01-01"),
        "recent_activity": keys.recent_activity("default", "s"),
        "processed": keys.processed("default", bytes(16)),
        "stream_ticket": keys.stream_ticket("d"),
        "rebuilt": keys.rebuilt("default", "r", "s"),
        "unfinished_replay": keys.unfinished_replay("default"),
        "replayed_slice": keys.replayed_slice("default", "r", 1),
        "job": keys.job("default", "j"),
        "job_part": keys.job_part("default", "j", 1, 1),
        "open_jobs": keys.open_jobs(),
        "kept_jobs": keys.kept_jobs("default"),
        "batch_status": keys.batch_status("default", "b"),
        "idempotency": keys.idempotency("default", "c", "k"),
    }
    no_keys = {
        "tenant_prefix",
        "document_of",
        "is_document",
        "student_of_document",
        "derived_id",
        "uuid_text",
        "tenant_of",
    }
    functions = {
        name
        for name, one in vars(keys).items()
        if callable(one) and getattr(one, "__module__", "") == keys.__name__ and not isinstance(one, type)
    }
    assert functions - no_keys - NOT_SWEPT == set(made), "a key that no sweep knows of"
    assert [name for name, one in made.items() if not one.startswith(swept)] == []
