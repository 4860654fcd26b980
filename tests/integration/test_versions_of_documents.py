"""Documents in Redis of releases before and after this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from redis.asyncio import Redis

from mastery_engine.bootstrap import Engine
from mastery_engine.contracts import document as layout
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.ports import Write
from tests.integration.kafka_house import until
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import caller
from tools.installation import Installation, archive, document, fold, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")


@pytest.fixture
async def student(redis_url: str) -> AsyncIterator[str]:
    """Nobody else's, and gone in the end."""
    name = f"s{uuid4().hex}"
    yield name
    raw: Any = Redis.from_url(redis_url)
    names = [key async for key in raw.scan_iter(f"student:{name}:*", 1_000)]
    await raw.unlink(*names)
    await raw.aclose()


async def value_of(engine: Engine, student: str) -> bytes:
    (entry,) = await engine.adapters.store.get_many([keys.document("default", student)])
    assert entry is not None
    return entry.value


async def put(engine: Engine, student: str, fields: list[Any]) -> None:
    value = msgspec.msgpack.encode(fields)
    await engine.adapters.store.write_many([Write(keys.document("default", student), value)])


async def test_one_of_an_older_release_is_read_and_has_this_releases_version_after_the_next_write(
    installation: Installation, redis_url: str, student: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.variables["MASTERY_STORE_URL"] = redis_url
    first, second = (quiz(uuid4().int >> 96, 7, WHEN, student=student) for _ in range(2))
    async with installation.engine() as engine:
        await send(engine, [first])
        await fold(engine)
        # Without the last field, which not every release has written.
        fields = msgspec.msgpack.decode(await value_of(engine, student))
        assert (fields[0], len(fields)) == (layout.VERSION, 9)
        monkeypatch.setattr(layout, "VERSION", layout.VERSION + 1)
        assert (await document(engine, student)).state.events == 1
        await send(engine, [second])
        await fold(engine)
        assert msgspec.msgpack.decode(await value_of(engine, student))[0] == layout.VERSION
        assert (await document(engine, student)).state.events == 2


async def test_one_of_a_newer_release_is_refused_by_reads_and_waited_for_by_the_worker(
    installation: Installation, redis_url: str, student: str
) -> None:
    installation.variables["MASTERY_STORE_URL"] = redis_url
    events = [quiz(uuid4().int >> 96, 7, WHEN, student=student) for _ in range(4)]
    async with installation.engine() as engine:
        await send(engine, events[:1])
        await fold(engine)
        ours = msgspec.msgpack.decode(await value_of(engine, student))
        await put(engine, student, [layout.VERSION + 1, "another", "shape"])
        said = (
            rf"version {layout.VERSION + 1}, this release reads up to {layout.VERSION}; upgrade the service"
        )
        with pytest.raises(NewerVersion, match=said):
            await engine.queries.profile(caller(), student)
        await send(engine, events[1:])
        stop = asyncio.Event()
        async with engine.worker() as worker:
            working = asyncio.create_task(worker.run(stop))

            async def waits() -> bool:
                assert not working.done()
                return "upgrade the service" in (worker.waiting_for or "")

            await until(waits)
            # As the newer release would have it, if it went on: the same evidence.
            await put(engine, student, ours)

            async def is_folded() -> bool:
                return (await document(engine, student)).state.events == 4

            await until(is_folded)
            stop.set()
            await working
        await archive(engine)
        assert await engine.adapters.dead_letters.find() == []
