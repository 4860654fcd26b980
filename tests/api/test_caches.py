"""Learners kept in memory behind the API: never older than a position, and told of when they cannot be kept."""

from __future__ import annotations

from typing import Any, cast

from mastery_engine.contracts import keys
from mastery_engine.engine.evicting_store import EvictingStore
from mastery_engine.ports import StateStore, Write
from tests.api.school import School, open_school, quiz


def store_behind(school: School) -> StateStore:
    """The store without what evicts: what is written there, another process has written."""
    return cast("EvictingStore", school.engine.adapters.store)._store


async def events_of(school: School, **headers: str) -> int:
    answer = await school.post("query", {"student_id": "amal"}, school.bearer("head", "admin") | headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["events"]


async def test_a_query_is_answered_from_memory_until_the_student_changes() -> None:
    async with open_school(serves=True) as school:
        await school.teach("amal")
        assert [await events_of(school), await events_of(school)] == [1, 1]
        assert school.engine.cached is not None
        assert school.engine.cached.counts.hits["l1"] == 1
        await school.teach("amal")
        assert await events_of(school) == 2


async def test_a_query_with_a_position_is_never_older_than_it() -> None:
    async with open_school(serves=True) as school:
        await school.teach("amal")
        key, store = keys.document("default", "amal"), store_behind(school)
        (older,) = await store.get_many([key])
        sent = await school.post("ingest", quiz() | {"student_id": "amal"}, school.bearer("tutor", "service"))
        await school.fold()
        (newer,) = await store.get_many([key])
        assert older is not None
        assert newer is not None
        # As if another process had folded it, and its news had not come yet.
        await store.write_many([Write(key, older.value)])
        assert await events_of(school) == 1
        await store.write_many([Write(key, newer.value)])
        assert await events_of(school) == 1
        position = sent.json()["data"]["position"]
        assert await events_of(school, **{"X-Mastery-Position": position}) == 2
        assert await events_of(school) == 2


async def test_a_cache_that_is_not_used_is_degraded_and_the_service_is_ready() -> None:
    async with open_school(serves=True) as school:
        assert school.engine.cached is not None
        assert await status_of_the_cache(school) == "up"
        school.engine.cached.pause("the results cannot be followed")
        assert await status_of_the_cache(school) == "degraded"


async def status_of_the_cache(school: School) -> str:
    answer: Any = await school.http.get("/ready")
    assert answer.status_code == 200
    return {one["name"]: one["status"] for one in answer.json()["data"]["dependencies"]}["cache"]
