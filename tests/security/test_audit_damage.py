# ruff: noqa: S608 - statements without a value from outside
"""What cannot even be read any more, and what is gone altogether: it is told as broken, and nothing falls over."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.contracts.audit_seals import DAY_MS
from mastery_engine.contracts.audit_witness import decode_witness
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.engine.audit_witness import WitnessedTrail
from mastery_engine.ports import UNREADABLE, Write
from tests.security.audit_places import HEADS, NORTH, SEALS, Place, cut, entry, found, missed, rechain

NO_ENTRIES = ["", "{}", "[1", "null", '{"tenant_id": 7}', "[" * 100_000, '{"x": ' + "[" * 100_000]
TABLES = ("audit_subjects", "audit_records", "audit_chains")


def delete_all(place: Place) -> None:
    for table in TABLES:
        place.sql(f"DELETE FROM {table}")


@pytest.mark.parametrize("text", NO_ENTRIES)
@pytest.mark.parametrize(("chain", "name"), [(NORTH, "north"), (HEADS, "")])
async def test_a_record_that_cannot_be_read_is_named(place: Place, chain: str, name: str, text: str) -> None:
    place.sql(f"UPDATE audit_records SET entry = ? WHERE chain = {chain} AND sequence = 2", text)
    broken = await found(place)
    assert (broken[name].records, broken[name].broken_at) == (1, 2)


async def test_who_searches_is_told_that_something_was_there(place: Place) -> None:
    place.sql(f"UPDATE audit_records SET entry = 'x' WHERE chain = {NORTH} AND sequence = 2")
    (one,) = await place.trail.search("north", ["actor:ms-yun"], after=1, before=3)
    assert (one.sequence, one.readable, one.entry) == (2, False, UNREADABLE)


@pytest.mark.parametrize(
    "change",
    ["sequence = -5", "sequence = 9223372036854775807", "hash = '\\x00'", "seal = ''", "day = -2147483648"],
)
@pytest.mark.parametrize(("chain", "name"), [(NORTH, "north"), (HEADS, "")])
async def test_an_end_that_makes_no_sense_shows(place: Place, chain: str, name: str, change: str) -> None:
    place.sql(f"UPDATE audit_chains SET {change} WHERE chain = {chain}")
    assert name in await found(place)


@pytest.mark.parametrize("sequence", [0, -3])
async def test_a_record_put_in_before_the_first_shows(place: Place, sequence: int) -> None:
    place.sql(
        "INSERT INTO audit_records (chain, sequence, previous, hash, entry) "
        f"SELECT chain, {sequence}, previous, hash, entry FROM audit_records WHERE chain = {NORTH} AND sequence = 1"
    )
    assert {name: one.broken_at for name, one in (await found(place)).items()} == {"north": 1}


async def test_two_records_in_each_others_place_show(place: Place) -> None:
    for old, new in ((4, 99), (7, 4), (99, 7)):
        place.sql(f"UPDATE audit_records SET sequence = {new} WHERE chain = {NORTH} AND sequence = {old}")
    assert {name: one.broken_at for name, one in (await found(place)).items()} == {"north": 4}


async def test_a_day_out_of_all_bounds_is_checked_like_any_other(place: Place) -> None:
    await place.trail.append([msgspec.structs.replace(entry(3, 0, "north"), at_ms=4_000_000 * DAY_MS)])
    await place.trail.append([msgspec.structs.replace(entry(3, 0, "south"), at_ms=-4_000_000 * DAY_MS)])
    assert await found(place) == {}


@pytest.mark.parametrize("number", ["", "-1", "9" * 5_000, "\u0663", "\u00b2"])
async def test_a_note_with_a_number_that_is_none_shows(place: Place, number: str) -> None:
    rechain(
        place,
        "",
        3,
        lambda one: msgspec.structs.replace(one, detail=one.detail | {"sequence": number}),
    )
    assert "" in await found(place)


async def test_a_cut_chain_together_with_a_deleted_register_shows_in_both(place: Place) -> None:
    cut(place, NORTH, 5)
    for table in TABLES:
        place.sql(f"DELETE FROM {table} WHERE chain = {HEADS}")
    assert {"", "north"} <= set(await found(place))


async def test_seals_taken_away_together_with_the_register_show_by_the_witness(place: Place) -> None:
    rechain(place, "north", 1, lambda one: msgspec.structs.replace(one, detail={"x": "y"}))
    for table in TABLES:
        place.sql(f"DELETE FROM {table} WHERE chain = {HEADS}")
    place.sql("UPDATE audit_chains SET seal = NULL, day = NULL")
    assert await found(place) == {}
    assert set(await missed(place)) == {"", "north"}


async def test_a_trail_deleted_whole_shows_by_the_witness_and_for_good(place: Place) -> None:
    delete_all(place)
    assert await found(place) == {}
    broken = await missed(place)
    assert set(broken) == {"", "north", "south"}
    assert all("deleted" in (one.problem or "") for one in broken.values())
    # Service goes on, days pass, and processes come and go.
    for day in range(3, 6):
        await place.trail.append([entry(day, 0, "north")])
        another = WitnessedTrail(place.trail, place.store, SEALS)
        await another.append([entry(day, 1, "north"), entry(day, 1, "south")])
    assert await found(place) == {}
    assert set(await missed(place)) == {"", "north", "south"}


async def test_one_chain_deleted_with_all_notes_of_it_shows_by_the_witness(place: Place) -> None:
    delete_all(place)
    await place.trail.append([entry(0, number, "south") for number in range(4)])
    assert "north" in await missed(place)


async def test_records_cut_off_with_a_state_put_back_that_agrees_show_by_the_witness(place: Place) -> None:
    """An older state of the whole database is consistent in itself."""
    kept = {table: place.sql(f"SELECT * FROM {table}") for table in reversed(TABLES)}
    await place.trail.append([entry(4, 0, "north"), entry(4, 0, "south")])
    delete_all(place)
    for table, rows in kept.items():
        overriding = "OVERRIDING SYSTEM VALUE" if place.on_server and table == "audit_chains" else ""
        for row in rows:
            marks = ", ".join("?" * len(row))
            place.sql(f"INSERT INTO {table} {overriding} VALUES ({marks})", *row)
    assert await found(place) == {}
    assert set(await missed(place)) == {"", "north", "south"}


async def test_a_school_that_was_made_and_has_no_record_shows_without_a_witness(place: Place) -> None:
    delete_all(place)
    for name in ("", "north", "south"):
        await place.store.write_many([Write(keys.audit_witness(name), None)])
    assert set(await missed(place, "north", "south")) == {"north", "south"}


async def test_a_witness_that_is_lost_is_made_again(place: Place) -> None:
    for name in ("", "north", "south"):
        await place.store.write_many([Write(keys.audit_witness(name), None)])
    assert await missed(place, "north", "south") == {}
    await place.trail.append([entry(3, 0, "north")])
    delete_all(place)
    assert set(await missed(place)) == {"", "north"}


@pytest.mark.parametrize("value", [b"", b"{}", b"no json", b"\xff", b"null"])
async def test_a_witness_that_cannot_be_read_shows_and_stays(place: Place, value: bytes) -> None:
    await place.store.write_many([Write(keys.audit_witness("north"), value)])
    await place.trail.append([entry(3, 0, "north")])
    assert set(await missed(place)) == {"north"}


async def test_a_witness_changed_without_the_key_shows_and_so_does_that_of_another_school(
    place: Place,
) -> None:
    north, south = keys.audit_witness("north"), keys.audit_witness("south")
    told = await place.store.get_many([north, south])
    assert told[0] is not None
    witness = decode_witness(told[0].value)
    assert witness is not None
    changed = msgspec.json.encode(msgspec.structs.replace(witness, sequence=1))
    await place.store.write_many([Write(north, changed), Write(south, told[0].value)])
    assert set(await missed(place)) == {"north", "south"}


async def test_the_witness_moves_on_with_the_days(place: Place) -> None:
    seen = []
    for day in (3, 3, 4):
        await place.trail.append([entry(day, 0, "north")])
        (told,) = await place.store.get_many([keys.audit_witness("north")])
        witness = None if told is None else decode_witness(told.value)
        seen.append(None if witness is None else witness.sequence)
    assert seen == [13, 13, 15]
    assert await missed(place) == {}


async def test_a_record_is_kept_though_the_witness_cannot_be(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise DependencyDown("the state store does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(place.store, "get_many", down)
        await place.trail.append([entry(3, 0, "north")])
    await place.trail.append([entry(3, 1, "north")])
    (told,) = await place.store.get_many([keys.audit_witness("north")])
    assert told is not None
    assert b'"sequence":14' in told.value


async def test_nothing_is_added_behind_an_end_that_cannot_be_read(place: Place) -> None:
    place.sql(f"UPDATE audit_chains SET sequence = -5 WHERE chain = {NORTH}")
    with pytest.raises(DependencyDown, match="mastery audit verify"):
        await place.trail.append([entry(3, 0, "north")])
    await place.trail.append([entry(3, 0, "south")])


class Unlisted(MemoryStateStore):
    """A store that cannot list its keys, as one behind a sidecar."""

    async def scan(self, prefix: str) -> AsyncGenerator[list[str]]:
        raise ConfigurationError(f"no key that begins with {prefix!r} can be listed")
        yield []


async def test_witnesses_in_a_store_that_lists_no_keys_are_asked_for_by_their_names(place: Place) -> None:
    store = Unlisted(SystemClock())
    unlisted = place._replace(trail=WitnessedTrail(place.trail, store, SEALS), store=store)
    await unlisted.trail.append([entry(3, 0, "north")])
    assert await missed(unlisted) == {}
    delete_all(place)
    assert set(await missed(unlisted, "north")) == {"", "north"}
