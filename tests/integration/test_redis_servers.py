"""Redis servers that are killed, full, wrongly set, replicas, a cluster, or behind TLS."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest
import structlog

from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import ABSENT, Write
from tests.integration.certificates import certificates
from tests.integration.kafka_house import until
from tests.integration.redis_cluster import cluster_of_three
from tests.integration.redis_house import MIB, Make, Open, answers, value_of
from tools.own_redis import OwnRedis
from tools.services.processes import free_ports


async def replica_of(server: OwnRedis, make_redis: Make) -> OwnRedis:
    replica = make_redis("--replicaof", "127.0.0.1", str(server.port))
    await replica.start()
    return replica


async def test_reading_goes_on_after_the_server_was_started_anew(own_redis: OwnRedis, opened: Open) -> None:
    store = opened(own_redis.url)
    await store.write_many([Write("kept", b"1"), Write("other", b"2", ttl_seconds=1_000)])
    before = await store.get_many(["kept", "other"])
    await own_redis.stop(signal.SIGKILL)
    with pytest.raises(DependencyDown):
        await store.get_many(["kept"])
    with pytest.raises(DependencyDown):
        await store.write_many([Write("kept", b"2")])
    await own_redis.start()
    assert await store.get_many(["kept", "other"]) == before
    assert await store.write_many([Write("kept", b"3", before[0].version if before[0] else "")]) == [True]


async def test_sixteen_writers_count_right_while_the_server_is_killed_and_started(
    own_redis: OwnRedis, opened: Open
) -> None:
    """Each adds its mark by compare-and-set, and asks the document whether an unknown write was done: as a worker does."""
    stores = [opened(f"{own_redis.url}?timeout=2") for _ in range(4)]
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
        await own_redis.stop(signal.SIGKILL)
        await own_redis.start()

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
    make_redis: Make, opened: Open
) -> None:
    forgetful = make_redis("--appendonly", "no")
    await forgetful.start()
    with structlog.testing.capture_logs() as lines:
        store = opened(forgetful.url)
        await store.ping()
        await store.ping()
    (line,) = lines
    assert line["event"] == "redis may lose what it has answered"
    assert line["why"] == "appendonly is no: set it to yes, with appendfsync always, or have replicas"


async def test_a_full_memory_is_told_and_takes_nothing_by_halves(own_redis: OwnRedis, opened: Open) -> None:
    store = opened(own_redis.url)
    await store.write_many([Write("small", b"1")])
    await own_redis.tell("CONFIG", "SET", "maxmemory", 3 * MIB)

    async def fill() -> None:
        for number in range(100):
            await store.write_many([Write(f"big:{number}", bytes(MIB // 4))])

    with pytest.raises(DependencyDown, match=r"is out of memory; give it more \(maxmemory\)"):
        await fill()
    held = [name async for names in store.scan("") for name in names]
    await own_redis.tell("CONFIG", "SET", "maxmemory", MIB)
    batch = [Write(f"more:{number}", b"1", ABSENT) for number in range(100)]
    with pytest.raises(DependencyDown, match="is out of memory"):
        await store.write_many(batch)
    assert sorted([name async for names in store.scan("") for name in names]) == sorted(held)
    assert await value_of(store, "small") == b"1"
    await own_redis.tell("CONFIG", "SET", "maxmemory", 0)
    assert await store.write_many(batch) == [True] * len(batch)


async def test_a_server_that_removes_keys_when_it_is_full_is_refused(
    own_redis: OwnRedis, opened: Open
) -> None:
    await own_redis.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    with pytest.raises(ConfigurationError, match=r"maxmemory-policy allkeys-lru.*set it to noeviction"):
        await opened(own_redis.url).ping()


async def test_a_replica_is_refused_by_what_it_is(
    own_redis: OwnRedis, opened: Open, make_redis: Make
) -> None:
    replica = await replica_of(own_redis, make_redis)
    with pytest.raises(DependencyDown, match="is a replica and takes no writes"):
        await opened(replica.url).ping()
    with pytest.raises(DependencyDown, match="is a replica and takes no writes"):
        await opened(replica.url).write_many([Write("a", b"1")])


async def test_a_write_that_too_few_replicas_have_is_not_taken_for_written_until_they_have_it(
    own_redis: OwnRedis, opened: Open, make_redis: Make
) -> None:
    replica = await replica_of(own_redis, make_redis)
    store = opened(f"{own_redis.url}?replicas=1")

    async def replicates() -> bool:
        return b"state=online" in await own_redis.tell("INFO", "replication")

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
    own_redis: OwnRedis, make_redis: Make, opened: Open
) -> None:
    replica = await replica_of(own_redis, make_redis)
    watch = [
        f"sentinel monitor ours 127.0.0.1 {own_redis.port} 1",
        "sentinel down-after-milliseconds ours 500",
        "sentinel failover-timeout ours 3000",
    ]
    sentinel = make_redis(*watch, sentinel=True)
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
    await own_redis.stop(signal.SIGKILL)
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
    tmp_path: Path, make_redis: Make, opened: Open
) -> None:
    made = certificates(tmp_path / "certificates")
    (port,) = free_ports(1, [])
    server = make_redis(
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


async def test_a_user_with_the_rights_that_the_error_names_can_do_everything_and_a_lesser_one_is_told(
    own_redis: OwnRedis, opened: Open
) -> None:
    rights = ("~*", "+@read", "+@write", "+@scripting", "+@connection", "+wait", "+time", "+info")
    await own_redis.tell("ACL", "SETUSER", "engine", "on", ">pw", *rights, "-@dangerous", "+info", "+scan")
    store = opened(f"redis://engine:pw@127.0.0.1:{own_redis.port}/0")
    await store.ping()
    assert await store.write_many([Write("a", b"1", ABSENT, 100)]) == [True]
    assert [name async for names in store.scan("") for name in names] == ["a"]
    await own_redis.tell("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+@connection", "+time")
    lesser = opened(f"redis://reader:pw@127.0.0.1:{own_redis.port}/0")
    with pytest.raises(ConfigurationError, match=re.escape(f"needs {' '.join(rights)};")):
        await lesser.write_many([Write("a", b"2")])
