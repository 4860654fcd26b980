"""What a Dapr sidecar really does with state, and what the store makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from dapr.proto.common.v1.common_pb2 import Etag, StateItem, StateOptions
from dapr.proto.runtime.v1.state_pb2 import SaveStateRequest
from google.protobuf.empty_pb2 import Empty

from mastery_engine.adapters.dapr.address import DaprAddress
from mastery_engine.adapters.dapr.sidecar import CallFailed, Sidecar
from mastery_engine.adapters.dapr.state import DaprStateStore
from mastery_engine.adapters.memory import MemoryArchive
from mastery_engine.bootstrap.archived_keys import ArchivedKeys
from mastery_engine.bootstrap.dapr import ComponentKeys
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import ABSENT, Entry, StateStore, Write
from tests.contract.test_archive import event
from tests.integration.dapr_state_house import dapr_store, redis_store


@pytest.fixture
async def store(dapr_sidecar: str) -> AsyncIterator[DaprStateStore]:
    made = dapr_store(dapr_sidecar)
    yield made
    await made.close()


@pytest.fixture
async def direct(redis_url: str) -> AsyncIterator[StateStore]:
    made = redis_store(redis_url)
    yield made
    await made.close()


@pytest.fixture
async def sidecar(dapr_sidecar: str) -> AsyncIterator[Sidecar]:
    """The same without a store's care."""
    made = Sidecar(DaprAddress(dapr_sidecar, "statestore"), "")
    yield made
    await made.close()


async def save(sidecar: Sidecar, *items: StateItem) -> None:
    await sidecar.call("SaveState", SaveStateRequest(store_name="statestore", states=items), Empty)


async def test_the_component_creates_where_a_save_has_an_etag_and_the_store_does_not(
    sidecar: Sidecar, store: DaprStateStore, prefix: str
) -> None:
    one, other = prefix + "one", prefix + "other"
    await store.write_many([Write(one, b"1"), Write(other, b"1")])
    versions = [entry.version for entry in await store.get_many([one, other]) if entry]
    await store.write_many([Write(one, None), Write(other, None)])
    await save(sidecar, StateItem(key=one, value=b"back", etag=Etag(value="1")))
    assert await store.write_many([Write(other, b"back", versions[1])]) == [False]
    found = await store.get_many([one, other])
    assert [entry and entry.value for entry in found] == [b"back", None]


async def test_a_version_of_a_key_that_was_made_anew_with_another_value_is_stale(
    store: DaprStateStore, prefix: str
) -> None:
    key = prefix + "key"
    await store.write_many([Write(key, b"old")])
    (old,) = await store.get_many([key])
    await store.write_many([Write(key, None), Write(key, b"new")])
    (new,) = await store.get_many([key])
    assert old is not None
    assert new is not None
    assert old.version.partition("-")[0] == new.version.partition("-")[0] == "1"
    assert await store.write_many([Write(key, b"late", old.version)]) == [False]
    assert await store.write_many([Write(key, b"good", new.version)]) == [True]


@pytest.mark.parametrize("stale", [[0], [37], [99, 3, 250], list(range(0, 300, 2)), list(range(300))])
async def test_stale_writes_in_the_midst_of_a_batch_are_refused_and_no_others(
    store: DaprStateStore, prefix: str, stale: list[int]
) -> None:
    every = [f"{prefix}{n:080}" for n in range(300)]
    await store.write_many([Write(key, b"0") for key in every])
    versions = [entry.version for entry in await store.get_many(every) if entry]

    looked = store._read

    async def look_and_be_late(keys: list[str]) -> list[Entry | None]:
        """Somebody else writes between the look and the save."""
        entries = await looked(keys)
        theirs = [every[n] for n in stale if every[n] in keys]
        if theirs:
            await other.write_many([Write(key, b"theirs") for key in theirs])
        return entries

    other = dapr_store(store._address.target.rpartition("/")[2])
    store._read = look_and_be_late
    applied = await store.write_many(
        [Write(key, b"ours", one) for key, one in zip(every, versions, strict=True)]
    )
    store._read = looked
    await other.close()
    assert [n for n, one in enumerate(applied) if not one] == sorted(stale)
    found = [entry.value for entry in await store.get_many(every) if entry]
    assert found == [b"theirs" if n in stale else b"ours" for n in range(300)]


@pytest.mark.parametrize("name", ["line\nbreak", "größe", "two  blanks", "deleted\x7f"])
async def test_a_key_that_a_message_would_garble_is_refused_by_itself(
    store: DaprStateStore, prefix: str, name: str
) -> None:
    keys = [prefix + name, prefix + "plain"]
    await store.write_many([Write(key, b"0") for key in keys])
    versions = [entry.version for entry in await store.get_many(keys) if entry]
    await store.write_many([Write(keys[0], b"1")])
    applied = await store.write_many([Write(key, b"2", one) for key, one in zip(keys, versions, strict=True)])
    assert applied == [False, True]


async def test_values_of_all_sizes_go_through_whatever_the_sidecar_takes_at_once(
    store: DaprStateStore, prefix: str
) -> None:
    writes = [
        Write(f"{prefix}{n}", bytes([n]) * size) for n, size in enumerate([0, 1, 3_900_000, 2_000_000] * 3)
    ]
    assert all(await store.write_many(writes))
    found = await store.get_many([write.key for write in writes])
    assert [entry and entry.value for entry in found] == [write.value for write in writes]
    versions = [entry.version for entry in found if entry]
    again = [Write(one.key, one.value, version) for one, version in zip(writes, versions, strict=True)]
    assert all(await store.write_many(again))


async def test_a_value_that_no_message_holds_is_told_with_what_to_do(
    store: DaprStateStore, prefix: str
) -> None:
    with pytest.raises(ConfigurationError, match="--max-body-size") as refused:
        await store.write_many([Write(prefix + "big", bytes(4_300_000))])
    assert prefix not in str(refused.value)


async def test_redis_shows_the_key_as_it_is_with_its_value_and_its_life(
    store: DaprStateStore, raw: Any, prefix: str
) -> None:
    life, good = prefix + "life", prefix + "for good"
    await store.write_many([Write(life, b"1", ABSENT, 3_600), Write(good, b"2", None, 3_600)])
    await store.write_many([Write(good, b"3")])
    assert await raw.hgetall(life) == {b"data": b"1", b"version": b"1"}
    assert await raw.hgetall(good) == {b"data": b"3", b"version": b"2"}
    assert 3_590 <= await raw.ttl(life) <= 3_600
    assert await raw.ttl(good) == -1


async def test_live_data_moves_from_redis_to_dapr_and_back(
    store: DaprStateStore, direct: StateStore, prefix: str
) -> None:
    keys = [f"{prefix}{n}" for n in range(150)]
    await direct.write_many([Write(key, b"redis", ABSENT, 3_600) for key in keys])
    found = await store.get_many(keys)
    assert {entry and entry.value for entry in found} == {b"redis"}
    writes = [
        Write(key, b"dapr", entry.version, 3_600) for key, entry in zip(keys, found, strict=True) if entry
    ]
    assert await store.write_many(writes) == [True] * 150
    assert await store.write_many(writes) == [False] * 150
    back = await direct.get_many(keys)
    assert {entry and entry.value for entry in back} == {b"dapr"}
    writes = [Write(key, b"redis", entry.version) for key, entry in zip(keys, back, strict=True) if entry]
    assert await direct.write_many(writes) == [True] * 150
    assert await store.write_many([Write(key, b"late", "1-00000000") for key in keys]) == [False] * 150


async def test_both_ways_at_once_keep_each_others_versions(
    store: DaprStateStore, direct: StateStore, prefix: str
) -> None:
    key = prefix + "counter"
    await store.write_many([Write(key, b"0")])

    async def add(by: StateStore, times: int) -> None:
        while times:
            (entry,) = await by.get_many([key])
            assert entry is not None
            following = b"%d" % (int(entry.value) + 1)
            times -= (await by.write_many([Write(key, following, entry.version)]))[0]

    await asyncio.gather(*(add(by, 10) for by in (store, direct) * 4))
    (entry,) = await store.get_many([key])
    assert entry is not None
    assert entry.value == b"80"


@pytest.mark.parametrize("command", [("SET", "text"), ("LPUSH", "item"), ("HSET", "field", "value")])
async def test_what_is_no_entry_is_told_as_one_that_nobody_can_read_and_may_be_replaced(
    store: DaprStateStore, raw: Any, prefix: str, command: tuple[str, ...]
) -> None:
    key = prefix + "key"
    await raw.execute_command(command[0], key, *command[1:])
    (entry,) = await store.get_many([key])
    assert entry is not None
    assert entry.value.startswith(b"\xc1")
    assert await store.write_many([Write(key, b"1", ABSENT), Write(key, b"2", entry.version)]) == [
        False,
        True,
    ]
    (entry,) = await store.get_many([key])
    assert entry is not None
    assert entry.value == b"2"


async def test_a_key_that_another_program_wrote_first_write_is_told_with_what_to_do(
    sidecar: Sidecar, store: DaprStateStore, prefix: str
) -> None:
    item = StateItem(key=prefix + "key", value=b"1")
    item.options.CopyFrom(StateOptions(concurrency=StateOptions.CONCURRENCY_FIRST_WRITE))
    await save(sidecar, item)
    (entry,) = await store.get_many([item.key])
    assert entry is not None
    assert await store.write_many([Write(item.key, b"2", entry.version)]) == [True]
    with pytest.raises(ConfigurationError, match="first-write") as refused:
        await store.write_many([Write(item.key, b"3")])
    assert prefix not in str(refused.value)


async def test_an_etag_of_the_component_says_nothing_of_a_key_that_another_program_wrote(
    sidecar: Sidecar, prefix: str
) -> None:
    key = prefix + "key"
    await save(sidecar, StateItem(key=key, value=b"1"))
    with pytest.raises(CallFailed):
        await save(sidecar, StateItem(key=key, value=b"2", etag=Etag(value="-1")))
    # Why the store does not create with the ETag 0: here it replaces.
    await save(sidecar, StateItem(key=key, value=b"2", etag=Etag(value="0")))


async def test_keys_are_listed_by_the_redis_behind_the_component(
    dapr_sidecar: str, direct: StateStore, prefix: str, store: DaprStateStore
) -> None:
    listed = DaprStateStore(
        DaprAddress(dapr_sidecar, "statestore"), "", lambda ours: ComponentKeys(direct, ours)
    )
    await store.write_many([Write(f"{prefix}{n}", b"") for n in range(30)])
    assert len([key async for keys in listed.scan(prefix) for key in keys]) == 30
    await listed.close()


async def test_keys_of_another_database_are_not_taken_for_none(
    dapr_sidecar: str, redis_url: str, prefix: str
) -> None:
    elsewhere = redis_store(redis_url.rpartition("/")[0] + "/7")
    listed = DaprStateStore(
        DaprAddress(dapr_sidecar, "statestore"), "", lambda ours: ComponentKeys(elsewhere, ours)
    )
    with pytest.raises(ConfigurationError, match="another Redis or database"):
        assert [key async for keys in listed.scan(prefix) for key in keys] == []
    await listed.close()
    await elsewhere.close()


async def test_without_a_redis_the_archive_tells_the_students_documents_and_nothing_else(
    dapr_sidecar: str,
) -> None:
    archive = MemoryArchive()
    school = f"t{uuid4().hex}"
    await archive.add([event(1, "ann", school), event(2, "bob", school)])
    listed = DaprStateStore(
        DaprAddress(dapr_sidecar, "statestore"), "", lambda ours: ArchivedKeys(archive, ours)
    )
    document = f"school:{school}:student:ann:profile:current_mastery"
    await listed.write_many([Write(document, b"1", None, 60), Write(f"tenant:{school}", b"1", None, 60)])
    assert [key async for keys in listed.scan(f"school:{school}:student:") for key in keys] == [document]
    assert [key async for keys in listed.scan("tenant:") for key in keys] == [f"tenant:{school}"]
    for unknown in ("", "processed:", "student:ann:", "school:"):
        with pytest.raises(ConfigurationError, match=r"\?keys=redis://"):
            assert [keys async for keys in listed.scan(unknown)] == []
    await listed.write_many([Write(document, None), Write(f"tenant:{school}", None)])
    await listed.close()
