"""A state in a real Redis, and all that may be wrong with it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from redis.asyncio import Redis

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.state import RedisStateStore, open_redis_store
from mastery_engine.contracts.document import DamagedDocument, decode_document
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import ABSENT, StateStore, Write
from tests.integration.kafka_house import until
from tests.integration.proxy import Proxy
from tests.integration.redis_cluster import cluster_of_three
from tests.integration.redis_tls import certificates
from tools.own_redis import OwnRedis
from tools.services.processes import free_ports

Open = Callable[[str], RedisStateStore]
Make = Callable[..., OwnRedis]
MIB = 1_048_576


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    stores: list[RedisStateStore] = []

    def store(url: str) -> RedisStateStore:
        stores.append(open_redis_store(read_address("MASTERY_STORE_URL", url), SystemClock()))
        return stores[-1]

    yield store
    for one in stores:
        await one.close()


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes servers of the test's own, which are ended in the end whatever becomes of it."""
    servers: list[OwnRedis] = []

    def server(*options: str, sentinel: bool = False) -> OwnRedis:
        servers.append(OwnRedis(tmp_path / f"redis-{len(servers)}", *options, sentinel=sentinel))
        return servers[-1]

    yield server
    for one in servers:
        await one.stop()


@pytest.fixture
async def own(make: Make) -> OwnRedis:
    server = make()
    await server.start()
    return server


async def replica_of(server: OwnRedis, make: Make) -> OwnRedis:
    replica = make("--replicaof", "127.0.0.1", str(server.port))
    await replica.start()
    return replica


@pytest.fixture
def key() -> str:
    """Nobody else's."""
    return f"test:{uuid4().hex}"


async def value_of(store: StateStore, key: str) -> bytes | None:
    (entry,) = await store.get_many([key])
    return entry.value if entry else None


async def answers(store: StateStore) -> bool:
    try:
        await store.ping()
    except DependencyDown:
        return False
    return True


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


async def test_reading_goes_on_after_the_server_was_started_anew(own: OwnRedis, opened: Open) -> None:
    store = opened(own.url)
    await store.write_many([Write("kept", b"1"), Write("other", b"2", ttl_seconds=1_000)])
    before = await store.get_many(["kept", "other"])
    await own.stop(signal.SIGKILL)
    with pytest.raises(DependencyDown):
        await store.get_many(["kept"])
    with pytest.raises(DependencyDown):
        await store.write_many([Write("kept", b"2")])
    await own.start()
    assert await store.get_many(["kept", "other"]) == before
    assert await store.write_many([Write("kept", b"3", before[0].version if before[0] else "")]) == [True]


async def test_sixteen_writers_count_right_while_the_server_is_killed_and_started(
    own: OwnRedis, opened: Open
) -> None:
    """Each adds its mark by compare-and-set, and asks the document whether an unknown write was done: as a worker does."""
    stores = [opened(f"{own.url}?timeout=2") for _ in range(4)]
    stop = asyncio.Event()

    async def add(number: int) -> int:
        store, done = stores[number % 4], 0
        while not stop.is_set():
            mark = f"[{number}.{done}]".encode()
            try:
                (entry,) = await store.get_many(["document"])
                if entry is None or mark not in entry.value:
                    value, version = (b"", ABSENT) if entry is None else (entry.value, entry.version)
                    (applied,) = await store.write_many([Write("document", value + mark, version)])
                    if not applied:
                        continue
            except DependencyDown:
                await asyncio.sleep(0.01)
                continue
            done += 1
        return done

    adding = [asyncio.create_task(add(number)) for number in range(16)]
    for _ in range(3):
        before = await value_of(stores[0], "document") or b""
        await own.stop(signal.SIGKILL)
        await own.start()

        async def grew(length: int = len(before)) -> bool:
            return len(await value_of(stores[0], "document") or b"") > length + 100

        await until(grew)
    stop.set()
    done = await asyncio.gather(*adding)
    marks = (await value_of(stores[0], "document") or b"")[1:-1].split(b"][")
    assert len(marks) == len(set(marks)), "a mark stands twice"
    told = {f"{number}.{place}".encode() for number, count in enumerate(done) for place in range(count)}
    assert told <= set(marks)


async def test_a_server_that_would_lose_what_it_has_answered_is_told_of_once(
    make: Make, opened: Open
) -> None:
    forgetful = make("--appendonly", "no")
    await forgetful.start()
    with structlog.testing.capture_logs() as lines:
        store = opened(forgetful.url)
        await store.ping()
        await store.ping()
    (line,) = lines
    assert line["event"] == "redis may lose what it has answered"
    assert line["why"] == "appendonly is no: set it to yes, with appendfsync always, or have replicas"


async def test_a_full_memory_is_told_and_takes_nothing_by_halves(own: OwnRedis, opened: Open) -> None:
    store = opened(own.url)
    await store.write_many([Write("small", b"1")])
    await own.tell("CONFIG", "SET", "maxmemory", 3 * MIB)

    async def fill() -> None:
        for number in range(100):
            await store.write_many([Write(f"big:{number}", bytes(MIB // 4))])

    with pytest.raises(DependencyDown, match=r"is out of memory; give it more \(maxmemory\)"):
        await fill()
    held = [name async for names in store.scan("") for name in names]
    await own.tell("CONFIG", "SET", "maxmemory", MIB)
    batch = [Write(f"more:{number}", b"1", ABSENT) for number in range(100)]
    with pytest.raises(DependencyDown, match="is out of memory"):
        await store.write_many(batch)
    assert sorted([name async for names in store.scan("") for name in names]) == sorted(held)
    assert await value_of(store, "small") == b"1"
    await own.tell("CONFIG", "SET", "maxmemory", 0)
    assert await store.write_many(batch) == [True] * len(batch)


async def test_a_server_that_removes_keys_when_it_is_full_is_refused(own: OwnRedis, opened: Open) -> None:
    await own.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(ConfigurationError, match=r"maxmemory-policy allkeys-lru.*set it to noeviction"):
        await opened(own.url).ping()


async def test_a_replica_is_refused_by_what_it_is(own: OwnRedis, opened: Open, make: Make) -> None:
    replica = await replica_of(own, make)
    with pytest.raises(DependencyDown, match="is a replica and takes no writes"):
        await opened(replica.url).ping()
    with pytest.raises(DependencyDown, match="is a replica and takes no writes"):
        await opened(replica.url).write_many([Write("a", b"1")])


async def test_a_write_that_too_few_replicas_have_is_not_taken_for_written_until_they_have_it(
    own: OwnRedis, opened: Open, make: Make
) -> None:
    replica = await replica_of(own, make)
    store = opened(f"{own.url}?replicas=1")

    async def replicates() -> bool:
        return b"state=online" in await own.tell("INFO", "replication")

    await until(replicates)
    assert await store.write_many([Write("a", b"1")]) == [True]
    replica.freeze()
    with pytest.raises(DependencyDown, match="only 0 of 1 replicas"):
        await store.write_many([Write("a", b"2")])
    with pytest.raises(DependencyDown, match="only 0 of 1 replicas"):
        await store.get_many(["a"])
    replica.thaw()

    async def has_it() -> bool:
        try:
            return await value_of(store, "a") == b"2"
        except DependencyDown:
            return False

    await until(has_it)


async def test_after_a_failover_everything_that_was_taken_for_written_is_there(
    own: OwnRedis, make: Make, opened: Open
) -> None:
    replica = await replica_of(own, make)
    watch = [
        f"sentinel monitor ours 127.0.0.1 {own.port} 1",
        "sentinel down-after-milliseconds ours 500",
        "sentinel failover-timeout ours 3000",
    ]
    sentinel = make(*watch, sentinel=True)
    await sentinel.start()
    store = opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/ours/0?replicas=1&timeout=2")

    async def knows_the_replica() -> bool:
        return bool(await sentinel.tell("SENTINEL", "REPLICAS", "ours"))

    await until(knows_the_replica)
    written = 0

    async def write() -> bool:
        nonlocal written
        try:
            await store.write_many([Write(f"key:{written}", b"1")])
        except DependencyDown:
            return False
        written += 1
        return written >= 50

    await until(write)
    await own.stop(signal.SIGKILL)
    counted = written

    async def promoted() -> bool:
        return b"role:master" in await replica.tell("INFO", "replication")

    await until(promoted)
    # Alone it has no replica to wait for: whoever wants two copies must have two.
    after = opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/ours/0?timeout=2")

    async def reachable() -> bool:
        return await answers(after)

    await until(reachable)
    found = await after.get_many([f"key:{number}" for number in range(counted)])
    assert all(found)
    assert await after.write_many([Write("key:0", b"2", found[0].version if found[0] else "")]) == [True]


async def test_a_cluster_keeps_a_students_keys_together_and_everything_else_the_same(
    tmp_path: Path, opened: Open
) -> None:
    async with cluster_of_three(tmp_path) as nodes:
        store = opened(f"redis+cluster://127.0.0.1:{nodes[0].port},127.0.0.1:{nodes[1].port}")
        await store.ping()
        ours = [f"student:{number}:profile:current_mastery" for number in range(200)]
        theirs = [f"school:s1:student:{number}:mastery:2026-01-01:quiz" for number in range(200)]
        rest = [f"processed:{number}" for number in range(200)]
        every = [*ours, *theirs, *rest]
        assert all(await store.write_many([Write(one, one.encode(), ABSENT, 1_000) for one in every]))
        assert not any(await store.write_many([Write(one, b"again", ABSENT) for one in every]))
        found = await store.get_many(every)
        assert [entry and entry.value for entry in found] == [one.encode() for one in every]
        raw = {name for node in nodes for name in await node.tell("KEYS", "*")}
        assert {b"student:{7}:profile:current_mastery", b"processed:7"} <= raw
        assert b"school:s1:student:{7}:mastery:2026-01-01:quiz" in raw
        assert len(raw) == len(every)
        for prefix in ("student:", "student:1", "school:s1:student:", "processed:", ""):
            listed = sorted({name async for names in store.scan(prefix) for name in names})
            assert listed == sorted(one for one in every if one.startswith(prefix))
        again = [
            Write(one, b"2", entry.version if entry else "") for one, entry in zip(every, found, strict=True)
        ]
        assert all(await store.write_many(again))
        with pytest.raises(ConfigurationError, match=r"is a cluster; write redis\+cluster://"):
            await opened(nodes[0].url).write_many([Write(one, b"1") for one in every])


async def test_tls_is_spoken_to_who_has_the_right_certificate_and_to_nobody_else(
    tmp_path: Path, make: Make, opened: Open
) -> None:
    made = certificates(tmp_path / "certificates")
    (port,) = free_ports(1, [])
    server = make(
        *("--port", "0", "--tls-port", str(port), "--tls-cert-file", str(made.certificate)),
        *("--tls-key-file", str(made.key), "--tls-ca-cert-file", str(made.authority)),
        *("--tls-auth-clients", "no", "--user", "engine", "on", ">s3cret", "~*", "+@all"),
        *("--user", "default", "off"),
    )
    server.port = port
    login = {"ssl": True, "ssl_ca_certs": str(made.authority), "username": "engine"}
    await server.start(password="s3cret", **login)
    right = opened(f"rediss://engine:s3cret@127.0.0.1:{port}/0?ca_file={made.authority}")
    assert await right.write_many([Write("a", b"1")]) == [True]
    await right.ping()
    with pytest.raises(DependencyDown, match="certificate"):
        await opened(f"rediss://engine:s3cret@127.0.0.1:{port}/0").ping()
    with pytest.raises(ConfigurationError, match="refuses user or password"):
        await opened(f"rediss://engine:other@127.0.0.1:{port}/0?ca_file={made.authority}").ping()
    with pytest.raises(DependencyDown):
        await opened(f"redis://engine:s3cret@127.0.0.1:{port}/0").ping()


async def test_a_user_with_the_rights_that_the_page_names_can_do_everything_and_a_lesser_one_is_told(
    own: OwnRedis, opened: Open
) -> None:
    rights = ("~*", "+@read", "+@write", "+@scripting", "+@connection", "+wait", "+time", "+info")
    await own.tell("ACL", "SETUSER", "engine", "on", ">pw", *rights, "-@dangerous", "+info", "+scan")
    store = opened(f"redis://engine:pw@127.0.0.1:{own.port}/0")
    await store.ping()
    assert await store.write_many([Write("a", b"1", ABSENT, 100)]) == [True]
    assert [name async for names in store.scan("") for name in names] == ["a"]
    await own.tell("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+@connection", "+time")
    lesser = opened(f"redis://reader:pw@127.0.0.1:{own.port}/0")
    with pytest.raises(ConfigurationError, match="does not let this user do that"):
        await lesser.write_many([Write("a", b"2")])


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
    own: OwnRedis, opened: Open
) -> None:
    store = opened(own.url)
    await store.write_many([Write("a", bytes(MIB))])
    found = await asyncio.gather(*(store.get_many(["a"]) for _ in range(300)))
    assert all(entry is not None for (entry,) in found)
    clients = (await own.tell("CLIENT", "LIST")).count(b"name=mastery-engine")
    assert 1 <= clients <= 50


async def test_a_caller_who_is_cancelled_leaves_no_answer_to_the_next_one(
    own: OwnRedis, opened: Open
) -> None:
    store = opened(own.url)
    await store.write_many([Write(f"key:{number}", str(number).encode()) for number in range(100)])
    for number in range(100):
        asked = asyncio.create_task(store.get_many([f"key:{number}"]))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        asked.cancel()
        other = (number + 50) % 100
        assert await value_of(store, f"key:{other}") == str(other).encode()
