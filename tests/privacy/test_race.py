"""Fifty students are erased while events come, are folded and are read: in the end no byte tells of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from redis import Redis

from mastery_engine.bootstrap.worker_parts import processor_of
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import Conflict, DependencyDown, NotFound
from mastery_engine.engine.step import StepLate
from tests.privacy.leaving import Leaving, admin, event, leaving

if TYPE_CHECKING:
    from tools.own_redis import OwnRedis

LEAVING = [f"leaving-{number:02}" for number in range(50)]
STAYING = [f"staying-{number}" for number in range(5)]
EVERYBODY = [*LEAVING, *STAYING]
MOST_EVENTS = 155
MOST_READS = 100


class Race:
    """Those who send, fold, read and erase beside each other, until nothing is open."""

    def __init__(self, school: Leaving) -> None:
        self.school = school
        self.sent = len(EVERYBODY)
        self.read = 0
        self.asked = asyncio.Event()
        self._chance = random.Random(7)

    async def begin(self) -> None:
        """Everybody has an event, a class, a letter and a job."""
        school = self.school
        await school.append(*(event(number, one) for number, one in enumerate(EVERYBODY)))
        await school.fold()
        members = tuple(Membership(person_id=one) for one in EVERYBODY)
        await school.engine.adapters.rosters.put("default", [Cohort(cohort_id="all", students=members)])
        for student_id in EVERYBODY:
            await school.letter(1, student_id)
        await school.engine.batches.ask(admin(), [*EVERYBODY, *(f"nobody-{one}" for one in range(50))])

    async def run(self) -> list[PrivacyRequest]:
        others = [asyncio.create_task(one()) for one in (self._send, self._fold, self._look, self._look)]
        erasers = [asyncio.create_task(self._erase(name)) for name in ("one", "two")]
        asked = await asyncio.gather(*(self._ask(one) for one in LEAVING))
        self.asked.set()
        await asyncio.gather(*others, *erasers)
        return [await self.school.request(one.request_id) for one in asked]

    async def _ask(self, student_id: str) -> PrivacyRequest:
        for _ in range(self._chance.randrange(20)):
            await asyncio.sleep(0)
        return await self.school.engine.erasures.ask(admin(), student_id)

    async def _send(self) -> None:
        while self.sent < MOST_EVENTS:
            some = [event(self.sent + one, self._chance.choice(EVERYBODY)) for one in range(5)]
            self.sent += len(some)
            await self.school.append(*some)
            await self.school.letter(self.sent, self._chance.choice(LEAVING))
            await asyncio.sleep(0)

    async def _fold(self) -> None:
        engine = self.school.engine
        consumer = engine.adapters.log.consumer(engine.group)
        processor = processor_of(engine, consumer)
        waiting = True
        while waiting or self.sent < MOST_EVENTS:
            try:
                waiting = (await processor.step(20)).polled > 0
            except (StepLate, DependencyDown):
                await consumer.rewind()
            await asyncio.sleep(0)
        await consumer.close()

    async def _look(self) -> None:
        while self.read < MOST_READS:
            with suppress(NotFound):
                await self.school.engine.queries.profile(admin(), self._chance.choice(EVERYBODY))
            self.read += 1
            await asyncio.sleep(0)

    async def _erase(self, name: str) -> None:
        runner = self.school.runner(name)
        while not self.asked.is_set() or await runner.waits():
            with suppress(Conflict, DependencyDown):
                await runner.run_once()
            await asyncio.sleep(0)


async def settled(school: Leaving) -> None:
    """Fold the rest, and erase again: records that came after the asking would lie in the log for a week."""
    await school.fold()
    for one in LEAVING:
        await school.engine.erasures.ask(admin(), one)
    await school.runner("last").run_once()


@pytest.fixture(params=["files", "servers"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, make_redis: Callable[..., OwnRedis]
) -> dict[str, Any]:
    chosen: dict[str, Any] = {"home": tmp_path / "home"}
    if request.param == "servers":
        chosen["archive_url"] = request.getfixturevalue("ready_postgres")
        server = make_redis()
        await server.start()
        chosen["store_url"] = server.url
    return chosen


async def test_fifty_erasures_beside_senders_folders_and_readers_leave_no_byte(place: dict[str, Any]) -> None:
    async with leaving(place) as school:
        race = Race(school)
        await race.begin()
        done = await race.run()
        assert {one.state for one in done} == {"done"}
        assert race.read > 0
        assert race.sent > len(EVERYBODY)
        for student_id in LEAVING:
            assert await school.left(student_id) <= {"log"}
        await settled(school)
        for student_id in STAYING:
            assert {"archive", "letters", "rosters"} <= await school.left(student_id)
            assert (await school.engine.queries.profile(admin(), student_id)).current is not None
    found = everything(place)
    assert b"staying-1" in found
    assert [one for one in LEAVING if one.encode() in found] == []


def everything(place: dict[str, Any]) -> bytes:
    """All bytes of the home's files, all keys and values of Redis, all rows of PostgreSQL."""
    files = [one for one in sorted(place["home"].rglob("*")) if one.is_file()]
    found = [one.read_bytes() for one in files]
    if "store_url" in place:
        with Redis.from_url(place["store_url"]) as connection:
            redis: Any = connection
            for key in redis.scan_iter():
                found += [key, *_values(redis, key)]
    if "archive_url" in place:
        with psycopg.connect(place["archive_url"]) as connection:
            tables = connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
            ).fetchall()
            for (name,) in tables:
                for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))):
                    found += [one if isinstance(one, bytes) else str(one).encode() for one in row]
    return b"\n".join(found)


def _values(redis: Any, key: bytes) -> list[bytes]:
    kind = redis.type(key)
    if kind == b"hash":
        return [part for pair in redis.hgetall(key).items() for part in pair]
    if kind == b"zset":
        return list(redis.zrange(key, 0, -1))
    assert kind == b"string", kind
    return [redis.get(key) or b""]
