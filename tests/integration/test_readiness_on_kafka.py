"""What real processes on a real broker tell of what they wait for, and that they go on when it is back."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.kafka_house import until
from tests.integration.own_broker import OwnBroker
from tests.integration.proxy import Proxy
from tests.integration.telling import Telling
from tests.unit.engine.house import quiz
from tools.installation import Installation, send
from tools.own_redis import OwnRedis

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
HEALTH = ("--health-port", "0")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[OwnBroker]:
    made = OwnBroker(tmp_path / "kafka")
    await made.start()
    yield made
    await made.stop(signal.SIGKILL)


@pytest.fixture
async def registry(registry_url: str) -> AsyncIterator[Proxy]:
    made = Proxy(registry_url)
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=30) as client:
        yield client


async def ready(http: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    """Return once it is ready: what it told."""
    told: dict[str, Any] = {}

    async def so() -> bool:
        answer = await http.get(f"{url}/ready")
        told.update(answer.json())
        return answer.status_code == 200

    await until(so)
    return told["data"]


async def waits_for(http: httpx2.AsyncClient, url: str, name: str, *words: str) -> dict[str, str]:
    """Return once it waits for that, with a reason that holds these words: all that it tells, by name."""
    told: dict[str, str] = {}

    async def so() -> bool:
        answer = await http.get(f"{url}/ready")
        assert (await http.get(f"{url}/health")).status_code == 200
        details = answer.json().get("error", {}).get("details", [])
        told.clear()
        told.update(
            {one["field"]: one["rule"] if one["value"] == "down" else one["value"] for one in details}
        )
        return answer.status_code == 503 and name in told and all(word in told[name] for word in words)

    await until(so)
    return told


@pytest.mark.slow
async def test_worker_archiver_and_service_name_a_broker_that_is_down_until_it_is_back(
    broker: OwnBroker, registry_url: str, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    installation = Installation(broker.address, registry_url, tmp_path / "home")
    await installation.prepare()
    async with AsyncExitStack() as stack:
        commands = (("worker", *HEALTH), ("archiver", *HEALTH), ("serve", "--port", "0"))
        running = [await stack.enter_async_context(Telling(installation, *command)) for command in commands]
        urls = [await one.url("http://127.0.0.1:") for one in running]
        names = [[one["name"] for one in (await ready(http, url))["dependencies"]] for url in urls]
        assert names == [
            ["store", "log", "registry", "worker"],
            ["store", "log", "registry", "archive", "archiver", "letters"],
            ["store", "log", "registry", "archive", "worker", "cache", "jobs", "erasures"],
        ]
        await broker.stop(signal.SIGKILL)
        for url, own in zip(urls, ("worker", "archiver", "worker"), strict=True):
            await waits_for(http, url, "log", broker.address)
            await waits_for(http, url, own, broker.address)
        await broker.start()
        for url in urls:
            assert (await ready(http, url))["lag"] == 0


@pytest.mark.slow
async def test_a_worker_names_a_registry_that_it_waits_for_and_how_much_waits(
    kafka_servers: str, registry: Proxy, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    installation = Installation(kafka_servers, registry.url, tmp_path)
    await installation.prepare()
    async with installation.engine() as engine, Telling(installation, "worker", *HEALTH) as worker:
        url = await worker.url("health at")
        await ready(http, url)
        await registry.down()
        # Nobody needs it: the worker is ready for all that it has a schema of.
        assert (await http.get(f"{url}/ready")).status_code == 200
        await registry.up()
        # The sender learns the schema's id while it can.
        await engine.adapters.codec.encode([quiz(1, when=WHEN)])
        await registry.down()
        await send(engine, [quiz(1, when=WHEN), quiz(2, when=WHEN)])
        await waits_for(http, url, "registry", "does not answer")
        told = await waits_for(http, url, "worker", "the schema registry")
        assert told["lag"] == "2"
        await registry.up()
        assert [one["status"] for one in (await ready(http, url))["dependencies"]] == ["up"] * 4

        async def folded() -> bool:
            return (await ready(http, url))["lag"] == 0

        await until(folded)
    await installation.remove()


async def test_a_worker_names_a_redis_that_is_down_and_since_when(
    installation: Installation, own_redis: OwnRedis, http: httpx2.AsyncClient
) -> None:
    installation.variables["MASTERY_STORE_URL"] = own_redis.url
    async with Telling(installation, "worker", *HEALTH) as worker:
        url = await worker.url("health at")
        await ready(http, url)
        before = datetime.now(UTC)
        await own_redis.kill()
        await waits_for(http, url, "store", "does not answer", str(own_redis.port))
        seen: list[dict[str, str]] = []
        for _ in range(2):
            await waits_for(http, url, "worker", "does not answer", str(own_redis.port))
            details = (await http.get(f"{url}/ready")).json()["error"]["details"]
            seen.append({one["field"]: one["since"] for one in details})
        assert seen[0] == seen[1]
        for since in seen[0].values():
            assert before <= datetime.fromisoformat(since) + timedelta(milliseconds=1) <= datetime.now(UTC)
        await own_redis.start()
        await ready(http, url)


@pytest.mark.slow
async def test_an_archiver_names_a_database_that_is_down_and_a_worker_does_not_need_it(
    kafka_servers: str, registry_url: str, ready_postgres: str, tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    database = Proxy(ready_postgres)
    await database.up()
    installation = Installation(kafka_servers, registry_url, tmp_path)
    installation.variables["MASTERY_ARCHIVE_URL"] = database.url
    await installation.prepare()
    async with (
        Telling(installation, "worker", *HEALTH) as worker,
        Telling(installation, "archiver", *HEALTH) as archiver,
    ):
        folding, archiving = [await one.url("health at") for one in (worker, archiver)]
        await ready(http, archiving)
        await database.down()
        await waits_for(http, archiving, "archive", "PostgreSQL at 127.0.0.1")
        await ready(http, folding)
        await database.up()
        await ready(http, archiving)
    await database.down()
    await installation.remove()
