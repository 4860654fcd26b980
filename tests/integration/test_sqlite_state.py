"""The state store's two tables: where a key lies, whoever wrote it and whatever failed meanwhile."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from mastery_engine.adapters.memory.state import MemoryStateStore
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.state import SqliteStateStore
from mastery_engine.adapters.sqlite.state_rows import MOST_PREFIXES
from mastery_engine.adapters.sqlite.uuids import packed, span, split, unpacked
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import ABSENT, StateStore, Write
from tests.contract.factories import FakeClock

ID = "0189a0f4-7c3b-7d21-9e55-0242ac120002"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[SqliteHome]:
    made = SqliteHome(tmp_path / "home", FakeClock())
    yield made
    await made.close()


async def counts(store: SqliteStateStore) -> tuple[int, int, int]:
    """Rows of the ordinary table, of the UUIDs' and of the prefixes'."""

    def job(connection: sqlite3.Connection) -> tuple[int, int, int]:
        return connection.execute(
            "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM uuid_entries), "
            "(SELECT count(*) FROM uuid_prefixes)"
        ).fetchone()

    return await store._database.read(job)


async def values(store: StateStore, keys: list[str]) -> list[bytes | None]:
    return [entry and entry.value for entry in await store.get_many(keys)]


async def scanned(store: StateStore, prefix: str) -> set[str]:
    return {key for keys in [batch async for batch in store.scan(prefix)] for key in keys}


async def test_keys_that_end_in_a_uuid_lie_apart_under_a_numbered_prefix(home: SqliteHome) -> None:
    store = await home.state()
    await store.write_many([Write(f"p:{ID}", b"1"), Write(f"q:{ID}", b"1"), Write(f"p:{ID.upper()}", b"1")])
    assert await counts(store) == (1, 2, 2)
    await store.write_many([Write(f"p:{ID}", b"2"), Write(f"never:{ID}", None), Write(f"q:{ID}", None)])
    assert await counts(store) == (1, 1, 2)


async def test_when_prefixes_run_out_the_rest_are_keys_like_any_other(home: SqliteHome) -> None:
    store = await home.state()
    keys = [f"{n}:{ID}" for n in range(MOST_PREFIXES + 500)]
    half = MOST_PREFIXES // 2
    await store.write_many([Write(key, b"1") for key in keys[:half]])
    await store.write_many([Write(key, b"1", ABSENT) for key in keys[half:]])
    assert await counts(store) == (500, MOST_PREFIXES, MOST_PREFIXES)
    # Those that have a number keep it, without entries too.
    await store.write_many([Write(key, None) for key in keys[::2]])
    await store.write_many([Write(f"late:{ID}", b"1"), *(Write(key, b"2", ABSENT) for key in keys[::2])])
    assert await values(store, [*keys, f"late:{ID}"]) == [[b"2", b"1"][n % 2] for n in range(len(keys))] + [
        b"1"
    ]
    assert await scanned(store, "") == {*keys, f"late:{ID}"}
    assert await scanned(store, keys[-1][:-20]) == {keys[-1]}
    assert await counts(store) == (501, MOST_PREFIXES, MOST_PREFIXES)


async def test_a_prefix_numbered_elsewhere_is_found(home: SqliteHome, tmp_path: Path) -> None:
    store = await home.state()
    assert await values(store, [f"p:{ID}"]) == [None]
    elsewhere = SqliteHome(tmp_path / "home", FakeClock())
    other = await elsewhere.state()
    await other.write_many([Write(f"p:{ID}", b"other")])
    await elsewhere.close()
    assert await values(store, [f"p:{ID}"]) == [b"other"]
    assert await store.write_many([Write(f"p:{ID}", b"mine", ABSENT)]) == [False]
    assert await scanned(store, "p:0189") == {f"p:{ID}"}
    assert await counts(store) == (0, 1, 1)


async def test_a_prefix_whose_transaction_failed_is_numbered_anew(home: SqliteHome) -> None:
    store = await home.state()
    await store.write_many([Write("key", b"")])
    assert store._database._writing is not None
    store._database._writing.execute("PRAGMA max_page_count = 1")
    too_much = [Write("gone", None), *(Write(f"p:{UUID(int=n)}", bytes(2_000)) for n in range(500))]
    with pytest.raises(DependencyDown, match="no room"):
        await store.write_many([*too_much, Write(f"q:{ID}", None)])
    assert await counts(store) == (1, 0, 0)
    store._database._writing.execute("PRAGMA max_page_count = 1000000")
    await store.write_many([Write(f"first:{ID}", b"1")])
    await store.write_many([Write(f"p:{ID}", b"2")])
    assert await values(store, [f"first:{ID}", f"p:{ID}"]) == [b"1", b"2"]
    assert await counts(store) == (1, 2, 2)


@pytest.mark.parametrize("seed", range(20))
async def test_any_history_reads_as_in_memory(home: SqliteHome, seed: int) -> None:
    random = Random(seed)
    ids = [UUID(int=random.getrandbits(8) << 120) for _ in range(6)]
    keys = [f"{prefix}{uuid}" for prefix in ("", "p:", "p:0", "q:0") for uuid in ids]
    keys += ["p:", "p:0", "q:0", "z", *(key.upper() for key in keys[::5])]
    clock = FakeClock()
    stores: list[MemoryStateStore | SqliteStateStore] = [MemoryStateStore(clock), await home.state()]
    stores[1]._clock = clock
    for _ in range(40):
        chosen = random.choices(keys, k=random.choice([1, 3, 40]))
        kinds = [random.choice(["any", "fits", "stale", "absent"]) for _ in chosen]
        if random.random() < 0.3:
            kinds = ["any"] * len(chosen)
        bodies = [random.choice([None, *[b"%d" % random.getrandbits(16)] * 5]) for _ in chosen]
        lives = [random.choice([None, 5, 50]) for _ in chosen]
        prefix = random.choice(keys)[: random.randrange(40)]
        clock.advance(random.randrange(20))
        purging = random.random() < 0.2
        told: list[object] = []
        for store in stores:
            entries = await store.get_many(chosen)
            fitting = [entry.version if entry else ABSENT for entry in entries]
            expected = [
                {"any": None, "fits": version, "stale": "stale", "absent": ABSENT}[kind]
                for kind, version in zip(kinds, fitting, strict=True)
            ]
            applied = await store.write_many(list(map(Write, chosen, bodies, expected, lives)))
            seen = await values(store, keys)
            told.append((applied, seen, await scanned(store, prefix), purging and await store.purge()))
        assert told[0] == told[1]


def test_a_key_is_split_at_a_canonical_uuid_only() -> None:
    assert split(ID) == ("", bytes.fromhex(ID.replace("-", "")))
    assert split(f"{ID}{ID}") == (ID, bytes.fromhex(ID.replace("-", "")))
    for other in (ID[1:], ID.upper(), ID + "\n", ID[:-1] + "\N{ARABIC-INDIC DIGIT TWO}", "p:" + ID[:-1], ""):
        assert split(other) is None


@pytest.mark.parametrize("text", [ID, ID.upper(), ID.replace("-", ""), ID + "\n", "e1", ""])
def test_an_id_comes_back_as_it_was(text: str) -> None:
    assert isinstance(packed(text), bytes) == (text == ID)
    assert unpacked(packed(text)) == text


def test_a_span_holds_the_uuids_with_that_beginning() -> None:
    assert span("") == (bytes(16), b"\xff" * 16)
    assert span("0189a0f4-7") == (
        bytes.fromhex("0189a0f47" + "0" * 23),
        bytes.fromhex("0189a0f47" + "f" * 23),
    )
    assert span(ID) == (packed(ID), packed(ID))
    for beginning in ("g", "A", "0189a0f47", "-", "0189-", ID + "0", "0\n", "0189a0f4--"):
        assert span(beginning) is None
