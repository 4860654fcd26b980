"""A worker on Kafka whose Redis dies, is full, holds something else under our names, or has another password or clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.replaying import replay_all, replay_one
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.work import Worker
from mastery_engine.ports import Entry, StateStore, Write
from tests.integration.kafka_house import until
from tests.unit.engine.house import quiz
from tools.installation import Installation, archive, document, fold, outputs, send
from tools.own_redis import OwnRedis

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
STUDENTS = 5
DAY_MS = 86_400_000


def events(count: int, first: int = 1) -> list[LearningEvent]:
    return [quiz(n, n % 11, WHEN, student=f"s{n % STUDENTS}") for n in range(first, first + count)]


@pytest.fixture
async def placed(installation: Installation, own_redis: OwnRedis) -> Installation:
    """An installation whose state is in the test's own Redis."""
    installation.variables["MASTERY_STORE_URL"] = own_redis.url
    return installation


class RestartedBeforeEachCall:
    """A store whose server is killed and started again before each call, as long as it is told to be."""

    def __init__(self, inner: StateStore, server: OwnRedis) -> None:
        self._inner = inner
        self._server = server
        self._one_by_one = asyncio.Lock()
        self.left = 12

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        await self._restart()
        return await self._inner.get_many(keys)

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        await self._restart()
        return await self._inner.write_many(writes)

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        async for found in self._inner.scan(prefix):
            yield found

    def expired(self) -> AsyncIterator[list[str]]:
        return self._inner.expired()

    async def purge(self) -> int:
        return await self._inner.purge()

    async def ping(self) -> None:
        await self._inner.ping()

    async def close(self) -> None:
        await self._inner.close()

    async def _restart(self) -> None:
        async with self._one_by_one:
            if self.left > 0:
                await self._server.kill()
                await self._server.start()
                self.left -= 1


@asynccontextmanager
async def working(engine: Engine, batch_size: int | None = None) -> AsyncGenerator[Worker]:
    """A worker that goes on until the block ends."""
    stop = asyncio.Event()
    async with engine.worker(batch_size) as worker:
        task = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await task


async def each_counted_once(engine: Engine, sent: Sequence[LearningEvent]) -> None:
    """Return once all are folded: every one of them once, none a dead letter, and the outputs of each sent."""

    async def is_folded() -> bool:
        documents = [await document(engine, f"s{n}") for n in range(STUDENTS)]
        return sum(one.state.events for one in documents) >= len(sent)

    await until(is_folded)
    await fold(engine)
    await archive(engine)
    documents = [await document(engine, f"s{n}") for n in range(STUDENTS)]
    assert sum(one.state.events for one in documents) == len(sent)
    assert await engine.adapters.dead_letters.find() == []
    report = await replay_all(engine, DEFAULT, Wanted(switch=False))
    assert (report.students, report.equal) == (STUDENTS, STUDENTS)
    told = {fields["caused_by"] for _, fields in await outputs(engine) if "caused_by" in fields}
    assert told == {one.event_id for one in sent}


async def test_a_server_that_is_killed_between_all_parts_of_a_step_loses_and_doubles_nothing(
    placed: Installation, own_redis: OwnRedis
) -> None:
    sent = events(60)
    async with placed.engine() as engine:
        store = RestartedBeforeEachCall(engine.adapters.store, own_redis)
        shaken = replace(engine, adapters=replace(engine.adapters, store=store))
        await send(engine, sent)
        async with working(shaken, 20):

            async def is_over() -> bool:
                return store.left == 0

            await until(is_over)
            await each_counted_once(engine, sent)


async def test_a_memory_that_is_full_is_waited_for(placed: Installation, own_redis: OwnRedis) -> None:
    sent = events(300)
    async with placed.engine() as engine:
        await send(engine, sent[:100])
        await fold(engine)
        await own_redis.tell("CONFIG", "SET", "maxmemory", 1)
        await send(engine, sent[100:])
        async with working(engine, 50) as worker:

            async def waits() -> bool:
                return "is out of memory" in (worker.waiting_for or "")

            await until(waits)
            assert worker.total.folded == 0
            await own_redis.tell("CONFIG", "SET", "maxmemory", 0)
            await each_counted_once(engine, sent)


async def test_something_else_under_a_documents_name_costs_nothing_once_the_student_is_replayed(
    placed: Installation, own_redis: OwnRedis
) -> None:
    sent, key = events(20), keys.document("default", "s1")
    async with placed.engine() as engine:
        await send(engine, sent[:10])
        await fold(engine)
        await own_redis.tell("DEL", key)
        await own_redis.tell("RPUSH", key, "a list of somebody's")
        await send(engine, sent[10:])
        await fold(engine)
        await archive(engine)
        letters = await engine.adapters.dead_letters.find()
        # Two more events of that student; those of the others have counted.
        assert [(one.kind, one.student_id) for one in letters] == [("processing", "s1")] * 2
        assert "mastery replay" in letters[0].message
        assert (await document(engine, "s2")).state.events == 4
        report = await replay_one(engine, DEFAULT, "s1", Wanted(switch=True))
        assert (report.switched, report.lost) == (1, [])
        assert await own_redis.tell("TYPE", key) == b"hash"
        assert (await document(engine, "s1")).state.events == 4
        await send(engine, sent)
        await fold(engine)
        assert (await document(engine, "s1")).state.events == 4


async def test_a_wrong_password_ends_a_worker_at_the_start_with_what_to_look_at(
    placed: Installation, own_redis: OwnRedis
) -> None:
    placed.variables["MASTERY_STORE_URL"] = f"redis://:wrong@127.0.0.1:{own_redis.port}/0"
    with placed.start("worker") as process:
        _, said = await asyncio.to_thread(process.communicate, None, 60)
    assert process.returncode == 1
    assert b"has no password, and one is given; look at MASTERY_STORE_URL" in said
    assert b"wrong" not in said


async def test_a_password_that_is_changed_ends_a_worker_and_the_next_one_goes_on(
    placed: Installation, own_redis: OwnRedis
) -> None:
    sent = events(60)
    async with placed.engine() as engine:
        await send(engine, sent[:30])
        await fold(engine)
        raw: Any = Redis(port=own_redis.port)
        await raw.config_set("requirepass", "another")
        await raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await raw.aclose()
        await send(engine, sent[30:])
        with placed.start("worker") as process:
            _, said = await asyncio.to_thread(process.communicate, None, 60)
        assert process.returncode == 1
        assert b"wants a password; look at MASTERY_STORE_URL" in said
        async with engine.worker() as worker:
            with pytest.raises(ConfigurationError, match="wants a password"):
                await worker.run(asyncio.Event())
    url = f"redis://:another@127.0.0.1:{own_redis.port}/0"
    async with placed.engine(store_url=url) as engine:
        await fold(engine)
        await each_counted_once(engine, sent)


async def test_a_server_that_removes_keys_ends_a_worker_before_it_folds(
    placed: Installation, own_redis: OwnRedis
) -> None:
    await own_redis.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    async with placed.engine() as engine:
        await send(engine, events(5))
    with placed.start("worker") as process:
        _, said = await asyncio.to_thread(process.communicate, None, 60)
    assert process.returncode == 1
    assert b"set it to noeviction" in said
    assert await own_redis.tell("DBSIZE") == 0


class WrongClock(SystemClock):
    """A clock that is set wrong."""

    def __init__(self, ahead_ms: int) -> None:
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms


@pytest.mark.parametrize("ahead", [DAY_MS, -DAY_MS], ids=["ahead", "behind"])
async def test_a_worker_whose_clock_is_wrong_folds_nothing_and_another_one_does(
    placed: Installation, own_redis: OwnRedis, ahead: int
) -> None:
    sent = events(60)
    async with (
        placed.engine() as right,
        open_engine(placed.settings, WrongClock(ahead)) as wrong,
        working(wrong) as waiting,
    ):
        await send(right, sent)

        async def waits() -> bool:
            return "are 86,4" in (waiting.waiting_for or "")

        await until(waits)
        assert await own_redis.tell("DBSIZE") == 0
    async with placed.engine() as engine, working(engine):
        await each_counted_once(engine, sent)
        expected = sent[0].timestamp // 1_000 + 90 * 86_400
        for number in range(STUDENTS):
            expires = await own_redis.tell("EXPIRETIME", keys.document("default", f"s{number}"))
            assert abs(expires - expected) <= 2
