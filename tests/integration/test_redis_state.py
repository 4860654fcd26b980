"""A state in a real Redis, and all that may be wrong with it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.state import open_redis_store
from mastery_engine.contracts.document import DamagedDocument, decode_document
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import ABSENT, Write
from tests.integration.kafka_house import until
from tests.integration.proxy import Proxy
from tests.integration.redis_house import MIB, Open, value_of
from tools.own_redis import OwnRedis


@pytest.fixture
def key() -> str:
    """Nobody else's."""
    return f"test:{uuid4().hex}"


async def test_a_key_is_a_hash_of_data_and_version_as_dapr_keeps_it(
    opened: Open, redis_url: str, key: str
) -> None:
    store = opened(redis_url)
    raw: Any = Redis.from_url(redis_url)
    await store.write_many([Write(key, b"\0\xff", ttl_seconds=100)])
    (entry,) = await store.get_many([key])
    assert entry is not None
    assert await raw.hgetall(key) == {b"data": b"\0\xff", b"version": entry.version.encode()}
    assert 90 < await raw.ttl(key) <= 100
    await store.write_many([Write(key, None)])
    await raw.aclose()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://:wrong@{host}/0", "has no password, and one is given; look at MASTERY_STORE_URL"),
        ("redis://nobody:wrong@{host}/0", "refuses user or password; look at MASTERY_STORE_URL"),
        ("redis://{host}/999", "has no database of that number; look at MASTERY_STORE_URL"),
        ("redis+cluster://{host}", "is no cluster; write redis://"),
    ],
)
async def test_what_a_server_refuses_is_told_with_the_setting_to_look_at(
    opened: Open, redis_url: str, url: str, said: str
) -> None:
    host = redis_url.removeprefix("redis://").partition("/")[0]
    store = opened(url.format(host=host))
    for asked in (store.ping(), store.get_many(["a"]), store.write_many([Write("a", b"1")])):
        with pytest.raises(ConfigurationError) as refused:
            await asked
        assert said in refused.value.message
        assert "wrong" not in refused.value.message


async def test_a_server_that_is_not_there_is_waited_for_and_named(opened: Open) -> None:
    store = opened("redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(
        DependencyDown, match=r"redis at 127\.0\.0\.1:1/0 does not answer .*MASTERY_STORE_URL"
    ) as down:
        await store.get_many(["a"])
    assert "hunter2" not in down.value.message


async def test_a_server_that_has_fallen_silent_is_given_up_after_the_timeout(
    opened: Open, redis_url: str, key: str
) -> None:
    proxy = Proxy(redis_url)
    await proxy.up()
    store = opened(f"{proxy.url}?timeout=1")
    await store.write_many([Write(key, b"1")])
    proxy.silence()
    with pytest.raises(DependencyDown, match="does not answer"):
        await store.get_many([key])
    await proxy.down()


async def test_a_batch_whose_answer_is_lost_is_neither_told_as_written_nor_as_refused(
    opened: Open, redis_url: str, key: str
) -> None:
    proxy = Proxy(redis_url)
    await proxy.up()
    store, beside = opened(proxy.url), opened(redis_url)
    await store.ping()
    many = [Write(f"{key}:{number}", bytes(MIB // 4), ABSENT) for number in range(40)]
    writing = asyncio.create_task(store.write_many(many))

    async def began() -> bool:
        return await value_of(beside, f"{key}:0") is not None

    await until(began)
    proxy.cut()
    try:
        assert await writing == [True] * len(many)
    except DependencyDown:
        # Whoever asks again finds what is there: nothing was done twice.
        assert set(await store.write_many(many)) <= {True, False}
    found = await beside.get_many([one.key for one in many])
    assert all(found)
    await beside.write_many([Write(one.key, None) for one in many])
    await proxy.down()


async def test_what_lies_under_our_name_and_is_of_another_type_reads_as_damage_and_can_be_mended(
    opened: Open, redis_url: str, key: str
) -> None:
    store = opened(redis_url)
    raw: Any = Redis.from_url(redis_url)
    await raw.set(key, "somebody else's")
    (entry,) = await store.get_many([key])
    assert entry is not None
    with pytest.raises(DamagedDocument, match="rebuild it: mastery replay STUDENT"):
        decode_document(entry.value)
    assert await store.write_many([Write(key, b"1", ABSENT), Write(key, b"1", "5")]) == [False, False]
    assert await raw.get(key) == b"somebody else's"
    assert await store.write_many([Write(key, b"mended", entry.version)]) == [True]
    assert await value_of(store, key) == b"mended"
    await store.write_many([Write(key, None)])
    await raw.aclose()


@pytest.mark.parametrize(
    "fields",
    [{"data": "x"}, {"version": "1"}, {"version": "no number", "data": "x"}, {"data": "", "version": ""}],
)
async def test_a_hash_that_somebody_made_by_hand_can_be_replaced_by_who_has_read_it(
    opened: Open, redis_url: str, key: str, fields: dict[str, str]
) -> None:
    store = opened(redis_url)
    raw: Any = Redis.from_url(redis_url)
    await raw.hset(key, mapping=fields)
    (entry,) = await store.get_many([key])
    assert entry is not None
    assert await store.write_many([Write(key, b"0", ABSENT)]) == [False]
    assert await store.write_many([Write(key, b"1", entry.version)]) == [True]
    (after,) = await store.get_many([key])
    assert after is not None
    assert after.value == b"1"
    assert after.version != entry.version
    assert await store.write_many([Write(key, None, after.version)]) == [True]
    await raw.aclose()


class WrongClock(SystemClock):
    """A day ahead."""

    def now_ms(self) -> int:
        return super().now_ms() + 86_400_000


async def test_clocks_that_disagree_are_told_before_they_cut_lives_short(redis_url: str) -> None:
    store = open_redis_store(read_address("MASTERY_STORE_URL", redis_url), WrongClock())
    with pytest.raises(
        DependencyDown, match=r"clock of redis at .* and this machine's are 86,\d{3} s apart; set them"
    ):
        await store.ping()
    await store.close()


async def test_no_more_than_fifty_connections_are_opened_however_many_ask(
    own_redis: OwnRedis, opened: Open
) -> None:
    store = opened(own_redis.url)
    await store.write_many([Write("a", bytes(MIB))])
    found = await asyncio.gather(*(store.get_many(["a"]) for _ in range(300)))
    assert all(entry is not None for (entry,) in found)
    clients = (await own_redis.tell("CLIENT", "LIST")).count(b"name=mastery-engine")
    assert 1 <= clients <= 50


async def test_a_caller_who_is_cancelled_leaves_no_answer_to_the_next_one(
    own_redis: OwnRedis, opened: Open
) -> None:
    store = opened(own_redis.url)
    await store.write_many([Write(f"key:{number}", str(number).encode()) for number in range(100)])
    for number in range(100):
        asked = asyncio.create_task(store.get_many([f"key:{number}"]))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        asked.cancel()
        other = (number + 50) % 100
        assert await value_of(store, f"key:{other}") == str(other).encode()
