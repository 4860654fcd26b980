# ruff: noqa: S608 - statements without a value from outside
"""Somebody who can write the database, but has not the key, changes the audit trail: every kind of it shows."""

from __future__ import annotations

import msgspec
import pytest

from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.engine.audit_verify import check_trail
from mastery_engine.ports import AuditEntry
from tests.security.audit_places import HEADS, NORTH, SEALS, Place, cut, entry, found, rechain


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        (f"UPDATE audit_records SET hash = previous WHERE chain = {NORTH} AND sequence = 7", 7),
        (f"DELETE FROM audit_records WHERE chain = {NORTH} AND sequence = 6", 6),
        (f"DELETE FROM audit_records WHERE chain = {NORTH} AND sequence = 1", 1),
        (f"DELETE FROM audit_records WHERE chain = {NORTH} AND sequence > 9", 10),
        (f"DELETE FROM audit_records WHERE chain = {NORTH}", 1),
        (
            (
                "INSERT INTO audit_records (chain, sequence, previous, hash, entry) "
                f"SELECT chain, 13, hash, hash, entry FROM audit_records WHERE chain = {NORTH} AND sequence = 12"
            ),
            13,
        ),
    ],
)  # fmt: skip
async def test_a_record_put_in_taken_out_or_cut_off_is_named(
    place: Place, statement: str, broken_at: int
) -> None:
    place.sql(statement)
    broken = await found(place)
    assert {name: report.broken_at for name, report in broken.items()} == {"north": broken_at}


@pytest.mark.parametrize("sequence", [1, 5, 12])
async def test_a_record_that_was_changed_is_named(place: Place, sequence: int) -> None:
    where = f"WHERE chain = {NORTH} AND sequence = {sequence}"
    (raw,) = place.sql(f"SELECT entry FROM audit_records {where}")[0]
    changed = raw.replace(b"ms-yun", b"mr-cho") if isinstance(raw, bytes) else raw.replace("ms-yun", "mr-cho")
    place.sql(f"UPDATE audit_records SET entry = ? {where}", changed)
    assert {name: one.broken_at for name, one in (await found(place)).items()} == {"north": sequence}


@pytest.mark.parametrize("after", [11, 8, 5, 4, 1])
async def test_an_end_cut_off_shows_though_the_noted_end_agrees(place: Place, after: int) -> None:
    cut(place, NORTH, after)
    assert list(await found(place)) == ["north"]


async def test_an_end_cut_off_with_its_heads_shows_in_both(place: Place) -> None:
    cut(place, NORTH, 4)
    place.sql("DELETE FROM audit_records WHERE chain = " + HEADS + " AND sequence > 4")
    assert set(await found(place)) == {"north", "south", ""}
    cut(place, HEADS, 4)
    assert set(await found(place)) == {"north", "south", ""}


async def test_an_end_cut_off_shows_for_good_also_once_service_went_on(place: Place) -> None:
    cut(place, NORTH, 10)
    await place.trail.append([entry(2, 10, "north")])
    (broken,) = (await found(place)).values()
    assert (broken.tenant_id, broken.broken_at) == ("north", None)
    assert "at record 10" in (broken.problem or "")
    await place.trail.append([entry(3, 0, "north"), entry(3, 0, "south")])
    assert list(await found(place)) == ["north"]


async def test_a_seal_taken_away_shows_at_once_and_for_good(place: Place) -> None:
    place.sql(f"UPDATE audit_chains SET seal = NULL WHERE chain = {NORTH}")
    assert list(await found(place)) == ["north"]
    await place.trail.append([entry(2, 10, "north")])
    assert list(await found(place)) == ["north"]


@pytest.mark.parametrize("first", [1, 6, 12])
async def test_a_chain_written_anew_consistently_shows_without_the_key(place: Place, first: int) -> None:
    rechain(place, "north", first, lambda one: msgspec.structs.replace(one, detail={"x": "y"}))
    assert list(await found(place)) == ["north"]


async def test_a_chain_that_is_gone_shows(place: Place) -> None:
    for table in ("audit_records", "audit_subjects", "audit_chains"):
        place.sql(f"DELETE FROM {table} WHERE chain = {NORTH}" if table != "audit_chains" else
                  "DELETE FROM audit_chains WHERE tenant_id = 'north'")  # fmt: skip
    (broken,) = (await found(place)).values()
    assert (broken.tenant_id, broken.records) == ("north", 0)
    await place.trail.append([entry(3, 0, "north")])
    assert "north" in await found(place)


async def test_a_chain_in_the_place_of_another_tenants_shows(place: Place) -> None:
    place.sql("UPDATE audit_chains SET tenant_id = 'east' WHERE tenant_id = 'north'")
    place.sql("UPDATE audit_chains SET tenant_id = 'north' WHERE tenant_id = 'south'")
    place.sql("UPDATE audit_chains SET tenant_id = 'south' WHERE tenant_id = 'east'")
    assert {name: report.broken_at for name, report in (await found(place)).items()} == {
        "north": 1,
        "south": 1,
    }


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM audit_records WHERE chain = {HEADS} AND sequence = 3",
        f"DELETE FROM audit_records WHERE chain = {HEADS} AND sequence = 6",
        f"DELETE FROM audit_records WHERE chain = {HEADS}",
    ],
)
async def test_a_head_that_is_gone_shows(place: Place, statement: str) -> None:
    place.sql(statement)
    assert "" in await found(place)


async def test_a_register_that_is_gone_shows(place: Place) -> None:
    for table in ("audit_records", "audit_subjects"):
        place.sql(f"DELETE FROM {table} WHERE chain = {HEADS}")
    place.sql("DELETE FROM audit_chains WHERE tenant_id = ''")
    assert set(await found(place)) == {"", "north", "south"}
    await place.trail.append([entry(3, 0, "north")])
    assert {"north", "south"} <= set(await found(place))


async def test_a_head_made_without_the_key_shows(place: Place) -> None:
    def forged(one: AuditEntry) -> AuditEntry:
        return msgspec.structs.replace(one, detail=one.detail | {"hash": "0" * 64})

    rechain(place, REGISTER, 4, forged)
    assert "" in await found(place)


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM audit_subjects WHERE chain = {NORTH} AND sequence = 3 AND subject = '{'a' * 32}'",
        f"UPDATE audit_subjects SET subject = 'actor:x' WHERE chain = {NORTH} AND sequence = 3 AND subject = 'actor:ms-yun'",
        f"INSERT INTO audit_subjects (chain, subject, sequence) VALUES ({NORTH}, 'refused', 1)",
        f"DELETE FROM audit_subjects WHERE chain = {NORTH}",
    ],
)
async def test_an_index_that_hides_a_record_shows(place: Place, statement: str) -> None:
    place.sql(statement)
    (broken,) = (await found(place)).values()
    assert (broken.tenant_id, broken.broken_at) == ("north", None)
    assert "index" in (broken.problem or "")


async def test_another_key_makes_no_seal_that_holds(place: Place) -> None:
    others = AuditSeals(Pseudonyms(b"another key of thirty-two bytes!"))
    assert not any(report.holds for report in await check_trail(place.trail, others))


async def test_one_school_is_checked_by_itself_and_the_look_goes_page_by_page(place: Place) -> None:
    looked: list[int] = []
    reports = await check_trail(place.trail, SEALS, ["south"], progress=looked.append)
    assert [(one.tenant_id, one.holds, one.heads) for one in reports] == [("south", True, 2), ("", True, 0)]
    assert sum(looked) == 12
