"""What every state store keeps to."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from uuid import UUID

import pytest

from mastery_engine.ports import ABSENT, Entry, Write
from tests.contract.factories import FakeClock, PurgingStore, StateFactory
from tests.contract.key_shapes import SHAPES, ShapedStore

ODD_KEYS = ["school:größe:student:ß:profile", "emoji:🦉", "quote:'\"%_\\", "a" * 500, "line\nbreak", " "]

ID = "0189a0f4-7c3b-7d21-9e55-0242ac120002"
NEIGHBOUR = "0189a0f4-7c3b-7d21-9e55-0242ac120003"
FAR = "ffa9a0f4-7c3b-7d21-9e55-0242ac120003"


@pytest.fixture(params=sorted(SHAPES))
async def store(states: StateFactory, request: pytest.FixtureRequest) -> AsyncIterator[PurgingStore]:
    made = await states.state()
    yield ShapedStore(made, SHAPES[request.param])
    await made.close()


@pytest.fixture
async def plain(states: StateFactory) -> AsyncIterator[PurgingStore]:
    made = await states.state()
    yield made
    await made.close()


async def value_of(store: PurgingStore, key: str) -> bytes | None:
    (entry,) = await store.get_many([key])
    return entry.value if entry else None


async def version_of(store: PurgingStore, key: str) -> str:
    (entry,) = await store.get_many([key])
    return entry.version if entry else ABSENT


async def keys_of(store: PurgingStore, prefix: str) -> list[str]:
    return sorted({key for keys in [batch async for batch in store.scan(prefix)] for key in keys})


async def test_a_key_that_was_never_written_has_no_entry(store: PurgingStore) -> None:
    assert await store.get_many(["nothing"]) == [None]


async def test_entries_come_in_the_order_of_the_keys_asked_for_repeats_included(store: PurgingStore) -> None:
    await store.write_many([Write("b", b"2"), Write("a", b"1")])
    found = await store.get_many(["a", "none", "b", "a"])
    assert [entry and entry.value for entry in found] == [b"1", None, b"2", b"1"]


async def test_nothing_asked_is_nothing_answered(store: PurgingStore) -> None:
    assert await store.get_many([]) == []
    assert await store.write_many([]) == []


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_odd_keys_are_keys(store: PurgingStore, key: str) -> None:
    await store.write_many([Write(key, b"x")])
    assert await value_of(store, key) == b"x"
    assert await keys_of(store, key) == [key]


@pytest.mark.parametrize("value", [b"", b"\0\xff", bytes(1_048_576)], ids=["empty", "binary", "1 MiB"])
async def test_odd_values_come_back_as_they_were(store: PurgingStore, value: bytes) -> None:
    await store.write_many([Write("key", value)])
    assert await value_of(store, "key") == value


async def test_an_unconditional_write_replaces_and_changes_the_version(store: PurgingStore) -> None:
    await store.write_many([Write("key", b"1")])
    first = await version_of(store, "key")
    await store.write_many([Write("key", b"1")])
    assert await version_of(store, "key") not in {first, ABSENT}


async def test_a_write_with_the_right_version_is_applied_and_with_a_stale_one_is_not(
    store: PurgingStore,
) -> None:
    await store.write_many([Write("key", b"1")])
    version = await version_of(store, "key")
    assert await store.write_many([Write("key", b"2", version)]) == [True]
    assert await store.write_many([Write("key", b"3", version)]) == [False]
    assert await value_of(store, "key") == b"2"


async def test_absent_is_expected_of_a_new_key_only(store: PurgingStore) -> None:
    assert await store.write_many([Write("key", b"1", ABSENT)]) == [True]
    assert await store.write_many([Write("key", b"2", ABSENT)]) == [False]
    assert await value_of(store, "key") == b"1"


async def test_a_version_that_the_store_never_gave_fits_nothing(store: PurgingStore) -> None:
    await store.write_many([Write("key", b"1")])
    assert await store.write_many([Write("key", b"2", "no version"), Write("new", b"2", "1")]) == [
        False,
        False,
    ]


async def test_each_write_of_a_batch_stands_by_itself(store: PurgingStore) -> None:
    await store.write_many([Write("a", b"1"), Write("b", b"1")])
    version = await version_of(store, "a")
    writes = [
        Write("a", b"2", version),
        Write("b", b"2", "stale"),
        Write("c", b"2"),
        Write("d", b"2", ABSENT),
    ]
    assert await store.write_many(writes) == [True, False, True, True]
    found = await store.get_many(["a", "b", "c", "d"])
    assert [entry and entry.value for entry in found] == [b"2", b"1", b"2", b"2"]


async def test_writes_of_one_key_in_a_batch_are_applied_in_order(store: PurgingStore) -> None:
    await store.write_many([Write("old", b"0")])
    version = await version_of(store, "old")
    writes = [
        Write("old", b"1", version),
        Write("old", b"2", version),
        Write("new", b"1", ABSENT),
        Write("new", b"2", ABSENT),
        Write("new", None),
        Write("new", b"3", ABSENT),
        Write("twice", b"1"),
        Write("twice", b"2"),
    ]
    assert await store.write_many(writes) == [True, False, True, False, True, True, True, True]
    found = await store.get_many(["old", "new", "twice"])
    assert [entry and entry.value for entry in found] == [b"1", b"3", b"2"]


async def test_a_removed_key_is_gone_and_removing_what_is_not_there_is_done(store: PurgingStore) -> None:
    await store.write_many([Write("key", b"1")])
    assert await store.write_many([Write("key", None), Write("never", None)]) == [True, True]
    assert await store.get_many(["key"]) == [None]


async def test_a_key_is_removed_with_the_right_version_only(store: PurgingStore) -> None:
    await store.write_many([Write("key", b"1")])
    version = await version_of(store, "key")
    assert await store.write_many([Write("key", None, "stale")]) == [False]
    assert await store.write_many([Write("key", None, version)]) == [True]
    assert await store.write_many([Write("key", None, version)]) == [False]


async def test_a_version_does_not_come_again_after_a_key_was_removed_and_made_anew(
    store: PurgingStore, states: StateFactory
) -> None:
    seen: set[str] = set()
    for n in range(20):
        await store.write_many([Write("key", b"%d" % n if states.forgets_versions else b"same", ABSENT)])
        version = await version_of(store, "key")
        assert version not in seen
        seen.add(version)
        await store.write_many([Write("key", None)])


async def test_an_expired_entry_is_invisible_from_that_moment_on(
    store: PurgingStore, clock: FakeClock
) -> None:
    await store.write_many([Write("key", b"1", ttl_seconds=60), Write("kept", b"1")])
    clock.now += 59_999
    assert await value_of(store, "key") == b"1"
    clock.now += 1
    assert await value_of(store, "key") is None
    assert await keys_of(store, "") == ["kept"]


async def test_an_expired_key_counts_as_absent(store: PurgingStore, clock: FakeClock) -> None:
    await store.write_many([Write("key", b"1", ttl_seconds=60)])
    version = await version_of(store, "key")
    clock.advance(60)
    assert await store.write_many([Write("key", b"2", version), Write("key", b"3", ABSENT)]) == [False, True]
    assert await value_of(store, "key") == b"3"


async def test_a_write_sets_the_expiry_anew(store: PurgingStore, clock: FakeClock) -> None:
    await store.write_many([Write("longer", b"1", ttl_seconds=60), Write("for good", b"1", ttl_seconds=60)])
    await store.write_many([Write("longer", b"2", ttl_seconds=120), Write("for good", b"2")])
    clock.advance(100)
    assert await keys_of(store, "") == ["for good", "longer"]
    clock.advance(100)
    assert await keys_of(store, "") == ["for good"]


async def test_a_refused_write_leaves_the_expiry_as_it_was(store: PurgingStore, clock: FakeClock) -> None:
    await store.write_many([Write("key", b"1", ttl_seconds=60)])
    await store.write_many([Write("key", b"2", "stale", ttl_seconds=600)])
    clock.advance(60)
    assert await store.get_many(["key"]) == [None]


async def test_purging_removes_what_has_expired_and_tells_how_much(
    store: PurgingStore, clock: FakeClock, states: StateFactory
) -> None:
    await store.write_many([Write(f"short:{n}", b"1", ttl_seconds=n + 1) for n in range(12_000)])
    await store.write_many([Write("kept", b"1")])
    clock.advance(11_000)
    told = [key async for keys in store.expired() for key in keys]
    assert sorted(told) == ([] if states.expires_by_itself else sorted(f"short:{n}" for n in range(11_000)))
    assert await store.purge() == (0 if states.expires_by_itself else 11_000)
    assert await store.purge() == 0
    assert len(await keys_of(store, "")) == 1_001


async def test_a_scan_finds_every_key_of_a_prefix_and_no_other(store: PurgingStore) -> None:
    wanted = [f"student:{n}" for n in range(2_500)]
    others = ["student", "students:1", "studenu", "a", "school:x:student:1"]
    await store.write_many([Write(key, b"") for key in [*wanted, *others]])
    assert await keys_of(store, "student:") == sorted(wanted)
    assert len(await keys_of(store, "")) == len(wanted) + len(others)
    assert await keys_of(store, "nobody") == []


async def test_a_scan_goes_on_while_keys_are_written_and_removed(store: PurgingStore) -> None:
    kept = [f"kept:{n:04}" for n in range(3_000)]
    await store.write_many([Write(key, b"") for key in kept])
    found: set[str] = set()
    async for keys in store.scan("kept:"):
        found.update(keys)
        await store.write_many([Write("other", b""), Write(f"kept:new:{len(found)}", b"")])
    assert found >= set(kept)


async def test_a_big_batch_is_written_and_read_whole(store: PurgingStore) -> None:
    writes = [Write(f"key:{n}", str(n).encode()) for n in range(20_000)]
    assert await store.write_many(writes) == [True] * len(writes)
    found = await store.get_many([write.key for write in writes])
    assert [entry and entry.value for entry in found] == [write.value for write in writes]


@pytest.mark.parametrize("count", [1, 8, 9, 16, 17, 128, 129, 255, 256, 257, 300])
async def test_any_number_of_keys_can_be_asked_for(store: PurgingStore, count: int) -> None:
    await store.write_many([Write(f"key:{n}", b"%d" % n) for n in range(count)])
    found = await store.get_many([f"key:{n}" for n in range(count)])
    assert [entry and entry.value for entry in found] == [b"%d" % n for n in range(count)]


async def test_of_sixteen_concurrent_writers_exactly_the_winners_count(store: PurgingStore) -> None:
    await store.write_many([Write("counter", b"0")])

    async def add(times: int) -> int:
        tries = won = 0
        while won < times:
            (entry,) = await store.get_many(["counter"])
            assert entry is not None
            await asyncio.sleep(0)
            tries += 1
            following = str(int(entry.value) + 1).encode()
            (applied,) = await store.write_many([Write("counter", following, entry.version)])
            won += applied
        return tries

    tries = await asyncio.gather(*(add(4) for _ in range(16)))
    assert await value_of(store, "counter") == b"64"
    assert sum(tries) > 64


async def test_of_sixteen_that_make_a_key_one_does(store: PurgingStore) -> None:
    attempts = (store.write_many([Write("key", str(n).encode(), ABSENT)]) for n in range(16))
    assert sorted([applied for (applied,) in await asyncio.gather(*attempts)]) == [False] * 15 + [True]


async def test_an_entry_is_value_and_version(store: PurgingStore) -> None:
    await store.write_many([Write("key", b"1")])
    (entry,) = await store.get_many(["key"])
    assert entry == Entry(b"1", await version_of(store, "key"))


async def test_a_store_answers_and_closes_twice(store: PurgingStore) -> None:
    await store.ping()
    await store.close()
    await store.close()


async def test_keys_that_look_like_one_uuid_are_keys_of_their_own(plain: PurgingStore) -> None:
    digits = ID.replace("-", "")
    ends = [ID, ID.upper(), digits, f"{{{ID}}}", ID[:-1], ID + "0", ID + "\n", " " + ID, ID + ID, digits + ID]
    ends += [f"{digits[:9]}-{ID[10:]}", ID[:-1] + "g", ID[:-1] + "٢", f"urn:uuid:{ID}"]
    keys = [prefix + end for prefix in ("", "p:", "p:0", "ß🦉'", "P:") for end in ends]
    assert all(await plain.write_many([Write(key, key.encode(), ABSENT) for key in keys]))
    found = await plain.get_many(keys)
    assert [entry and entry.value for entry in found] == [key.encode() for key in keys]
    assert await keys_of(plain, "") == sorted(keys)
    for gone in keys[::2]:
        await plain.write_many([Write(gone, None)])
    assert await keys_of(plain, "") == sorted(keys[1::2])


async def test_a_scan_may_cut_into_a_uuid_or_end_in_what_cannot_begin_one(plain: PurgingStore) -> None:
    keys = [prefix + end for prefix in ("", "p:", "p:0", "p:01", "q:") for end in (ID, NEIGHBOUR, FAR)]
    keys += ["p:", "p:0", "p:0189", "p:0189A", f"p:{ID.upper()}", f"p:{ID}:tail", f"p:{ID[:20]}"]
    await plain.write_many([Write(key, b"") for key in keys])
    wanted = {key[:cut] for key in keys for cut in range(len(key) + 1)}
    for prefix in sorted(
        {*wanted, "p:0189a0f4-7C", "p:0189a0f47", "p:g", "p:018-", f"p:{ID}0", "r", "p:0\n"}
    ):
        assert await keys_of(plain, prefix) == sorted(key for key in keys if key.startswith(prefix))


async def test_a_scan_that_cuts_into_many_uuids_finds_each_of_them(plain: PurgingStore) -> None:
    random = Random(5)
    keys = [f"p:{UUID(int=random.getrandbits(128))}" for _ in range(6_000)]
    keys += [f"p:01{key[4:]}" for key in keys[:2_500]]
    await plain.write_many([Write(key, b"", ttl_seconds=60 if key[-1] in "01" else None) for key in keys])
    for prefix in ("p:01", "p:7", "p:", ""):
        assert await keys_of(plain, prefix) == sorted({key for key in keys if key.startswith(prefix)})


async def test_one_uuid_under_several_prefixes_is_several_keys(plain: PurgingStore) -> None:
    keys = [f"{prefix}{ID}" for prefix in ("a:", "b:", "c:", "")]
    await plain.write_many([Write(key, key.encode()) for key in keys])
    await plain.write_many([Write(keys[1], b"new"), Write(keys[2], None)])
    found = await plain.get_many(keys)
    assert [entry and entry.value for entry in found] == [keys[0].encode(), b"new", None, keys[3].encode()]
