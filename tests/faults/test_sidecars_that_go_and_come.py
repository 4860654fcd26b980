"""Sidecars that start late, die in the midst of a batch, forget their components, or stand before a silent Redis."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from mastery_engine.adapters.dapr import sidecar as sidecar_module
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import ABSENT, Entry, Write
from tests.integration.dapr_state_house import dapr_store, memory_component, sidecar_on
from tests.integration.kafka_house import until
from tests.integration.proxy import Proxy
from tools.own_redis import OwnRedis
from tools.own_sidecar import OwnSidecar

pytestmark = pytest.mark.usefixtures("daprd")


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., OwnSidecar]]:
    """Makes a sidecar, as `sidecar_on` does; not started yet."""
    made: list[OwnSidecar] = []

    def sidecar(redis_url: str, **more: Any) -> OwnSidecar:
        made.append(sidecar_on(tmp_path, redis_url, **more))
        return made[-1]

    yield sidecar
    for one in made:
        await one.stop(signal.SIGKILL)


@pytest.fixture
def sidecar(make: Callable[..., OwnSidecar], redis_url: str) -> OwnSidecar:
    """On the Redis that everybody shares."""
    return make(redis_url)


async def test_a_sidecar_that_starts_late_is_waited_for(sidecar: OwnSidecar, prefix: str) -> None:
    store = dapr_store(sidecar.grpc)
    for call in (store.ping(), store.get_many([prefix]), store.write_many([Write(prefix, b"1")])):
        with pytest.raises(DependencyDown, match="does not answer"):
            await call
    await sidecar.start()

    async def answers() -> bool:
        try:
            await store.ping()
        except DependencyDown:
            return False
        return True

    await until(answers)
    assert await store.write_many([Write(prefix + "key", b"1", ABSENT)]) == [True]
    await store.close()


@pytest.mark.parametrize("conditional", [True, False], ids=["with versions", "without"])
async def test_a_sidecar_that_is_killed_in_the_midst_of_a_batch_leaves_nothing_half_known(
    sidecar: OwnSidecar, raw: Any, prefix: str, *, conditional: bool
) -> None:
    await sidecar.start()
    store = dapr_store(sidecar.grpc)
    keys = [f"{prefix}{n}" for n in range(20_000)]
    writes = [Write(key, b"x" * 500, ABSENT if conditional else None, 600) for key in keys]
    batch = asyncio.create_task(store.write_many(writes))

    async def has_begun() -> bool:
        return bool(await raw.exists(*keys[::500]))

    await until(has_begun)
    await sidecar.stop(signal.SIGKILL)
    with pytest.raises(DependencyDown):
        await batch
    await sidecar.start()
    found = await store.get_many(keys)
    assert 0 < sum(entry is not None for entry in found) < len(keys)
    left = [write for write, entry in zip(writes, found, strict=True) if entry is None]
    assert all(await store.write_many(left))
    versions = {entry.version.partition("-")[0] for entry in await store.get_many(keys) if entry}
    assert versions == {"1"}
    await store.close()


async def test_a_restart_between_two_reads_is_not_noticed(sidecar: OwnSidecar, prefix: str) -> None:
    await sidecar.start()
    store = dapr_store(sidecar.grpc)
    await store.write_many([Write(prefix + "key", b"1")])
    await sidecar.stop(signal.SIGTERM)
    await sidecar.start()
    (entry,) = await store.get_many([prefix + "key"])
    assert entry is not None
    await store.close()


async def test_a_wrong_token_is_told_and_none_is_shown(
    make: Callable[..., OwnSidecar], redis_url: str, prefix: str
) -> None:
    sidecar = make(redis_url, token="right-and-secret")
    await sidecar.start()
    for token in ("", "wrong-and-secret"):
        store = dapr_store(sidecar.grpc, token=token)
        with pytest.raises(ConfigurationError, match="MASTERY_DAPR_API_TOKEN") as refused:
            await store.ping()
        assert "secret" not in str(refused.value)
        await store.close()
    store = dapr_store(sidecar.grpc, token="right-and-secret")
    await store.ping()
    assert await store.write_many([Write(prefix + "key", b"1")]) == [True]
    await store.close()


@pytest.mark.parametrize(
    ("components", "name", "words"),
    [
        ({}, "statestore", "has no state store named statestore"),
        ({"memory": memory_component("memory")}, "statestore", "has no state store named statestore"),
        (
            {"memory": memory_component("memory")},
            "memory",
            r"is state\.in-memory, and only state\.redis is known",
        ),
    ],
)
async def test_a_component_that_is_not_there_or_of_another_type_is_a_matter_of_settings(
    make: Callable[..., OwnSidecar], components: dict[str, str], name: str, words: str
) -> None:
    sidecar = make("", components=components)
    await sidecar.start()
    store = dapr_store(sidecar.grpc, name)
    for call in (store.ping(), store.get_many(["a"]), store.write_many([Write("a", b"1")])):
        with pytest.raises(ConfigurationError, match=words):
            await call
    await store.close()


async def test_a_component_that_was_there_before_is_waited_for(
    sidecar: OwnSidecar, tmp_path: Path, prefix: str
) -> None:
    await sidecar.start()
    store = dapr_store(sidecar.grpc)
    await store.ping()
    file = tmp_path / "resources" / "statestore.yaml"
    text = file.read_text()
    await sidecar.stop(signal.SIGTERM)
    file.unlink()
    await sidecar.start()
    for call in (store.ping(), store.get_many(["a"]), store.write_many([Write(prefix, b"1")])):
        with pytest.raises(DependencyDown, match="has no state store named statestore"):
            await call
    await sidecar.stop(signal.SIGTERM)
    file.write_text(text)
    await sidecar.start()
    await store.ping()
    await store.close()


@pytest.mark.parametrize("fails", ["is silent", "is gone"])
async def test_a_redis_that_fails_under_a_write_is_never_taken_for_another_version(
    make: Callable[..., OwnSidecar], redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    proxy = Proxy(redis_url)
    await proxy.up()
    sidecar = make(proxy.url)
    await sidecar.start()
    store = dapr_store(sidecar.grpc)
    keys = [f"{prefix}{n}" for n in range(40)]
    await store.write_many([Write(key, b"1") for key in keys])
    entries = await store.get_many(keys)
    monkeypatch.setattr(sidecar_module, "CALL_SECONDS", 3.0)
    looked = store._read

    async def look_and_lose_redis(keys: list[str]) -> list[Entry | None]:
        found = await looked(keys)
        if fails == "is silent":
            proxy.silence()
        else:
            await proxy.down()
        return found

    store._read = look_and_lose_redis
    writes = [Write(key, b"2", entry.version) for key, entry in zip(keys, entries, strict=True) if entry]
    with pytest.raises(DependencyDown) as down:
        await store.write_many(writes)
    assert prefix not in str(down.value)
    store._read = looked
    await proxy.down()
    await proxy.up()

    async def answers() -> bool:
        try:
            return len(await store.get_many(keys)) == len(keys)
        except DependencyDown:
            return False

    await until(answers)
    await store.close()
    await proxy.down()


async def test_a_redis_that_is_full_takes_nothing_and_is_never_taken_for_another_version(
    make: Callable[..., OwnSidecar], own_redis: OwnRedis
) -> None:
    sidecar = make(own_redis.url)
    await sidecar.start()
    store = dapr_store(sidecar.grpc)
    keys = [f"key:{n}" for n in range(20)]
    await store.write_many([Write(key, b"before") for key in keys])
    entries = await store.get_many(keys)
    full: Any = Redis.from_url(own_redis.url)
    await full.config_set("maxmemory", "1")
    conditional = [
        Write(key, b"after", one.version, 60) for key, one in zip(keys, entries, strict=True) if one
    ]
    for writes in (conditional, [Write(key, b"after", None, 60) for key in keys]):
        with pytest.raises(DependencyDown, match=r"OOM|takes no writes"):
            await store.write_many(writes)
    assert await store.get_many(keys) == entries
    await full.config_set("maxmemory", "0")
    assert all(await store.write_many(conditional))
    await full.aclose()
    await store.close()
