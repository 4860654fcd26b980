"""Old days of the archive: looked at, and dropped on request, each on its school's record."""

from __future__ import annotations

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant, encode_tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown, NotAllowed, NotFound
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import Role
from mastery_engine.ports import ArchivedDay, Write
from tests.privacy.rights.holdings import letter
from tests.unit.engine.test_housekeeping import TODAY, School


def caller(role: Role = "operator", tenant_id: str = "default") -> Caller:
    return Caller(tenant_id=tenant_id, subject="os:ann", role=role, request_id="r1")


async def test_a_look_tells_what_would_go_and_changes_nothing() -> None:
    desk = School()
    await desk.archive_days("default", TODAY - 92, TODAY - 91, TODAY - 90, TODAY)
    (told,) = await desk.retention.look(caller())
    assert (told.tenant_id, told.retention_days, told.dropped) == ("default", 90, None)
    assert told.days == [ArchivedDay(TODAY - 92, 1, 2), ArchivedDay(TODAY - 91, 1, 2)]
    assert told.first_kept is not None
    assert (told.first_kept.toordinal() - 719_163) == TODAY - 90
    assert len(await desk.archive.of_student("default", "ada")) == 4
    assert await desk.audit.tenants() == []


async def test_what_is_dropped_is_what_was_told_and_on_the_schools_record() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="north", retention_days=30))
    await desk.archive_days("north", TODAY - 31, TODAY - 30)
    await desk.archive_days("default", TODAY - 31)
    dropped = await desk.retention.drop(caller())
    assert {old.tenant_id: old.dropped for old in dropped} == {"default": 0, "north": 1}
    assert [one.day for one in await desk.archive.of_student("north", "ada")] == [TODAY - 30]
    assert await desk.audit.tenants() == ["north"]
    (record,) = await desk.audit.read("north")
    assert (record.entry.action, record.entry.actor, record.entry.subjects) == ("archive.drop", "os:ann", ())
    assert record.entry.detail == {"before": "2024-09-04", "days": "1", "events": "1"}
    assert sum(old.dropped or 0 for old in await desk.retention.drop(caller())) == 0
    assert len(await desk.audit.read("north")) == 1


async def test_a_school_without_retention_loses_nothing() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="forever", retention_days=None))
    await desk.archive_days("forever", 1, TODAY - 4_000)
    for told in (
        await desk.retention.look(caller(), "forever"),
        await desk.retention.drop(caller(), "forever"),
    ):
        assert (told[0].first_kept, told[0].days) == (None, [])
    assert len(await desk.archive.of_student("forever", "ada")) == 2


async def test_settings_below_the_shortest_retention_keep_the_shortest() -> None:
    desk = School()
    short = encode_tenant(Tenant(tenant_id="short", retention_days=1))
    await desk.store.write_many([Write(keys.tenant("short"), short)])
    await desk.archive_days("short", TODAY - 31, TODAY - 30, TODAY - 2)
    assert (await desk.retention.drop(caller(), "short"))[0].dropped == 1
    assert (await desk.housekeeping.clear()).archived == 0
    assert len(await desk.archive.of_student("short", "ada")) == 2


async def test_housekeeping_drops_the_same_days() -> None:
    desk = School()
    await desk.archive_days("default", TODAY - 300, TODAY - 91, TODAY - 90)
    (told,) = await desk.retention.look(caller())
    assert (await desk.housekeeping.clear()).archived == sum(day.events for day in told.days) == 2


async def test_an_admin_has_the_own_school_only() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="north"))
    assert [old.tenant_id for old in await desk.retention.look(caller("admin", "north"))] == ["north"]
    for other in ("default", "nowhere"):
        with pytest.raises(NotFound, match=f"no tenant '{other}'"):
            await desk.retention.drop(caller("admin", "north"), other)
    with pytest.raises(NotAllowed):
        await desk.retention.look(caller("teacher"))
    assert [one.entry.allowed for one in await desk.audit.read("default")] == [False]


async def test_what_goes_by_itself_is_on_each_schools_record_with_the_service_as_who_did_it() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="north", retention_days=30))
    await desk.archive_days("default", TODAY - 91, TODAY)
    await desk.archive_days("north", TODAY - 31)
    day = keys.day_result("north", "ada", "2024-01-01")
    await desk.store.write_many([Write(day, b"", None, 1), Write("erased:x", b"", None, 1), Write("y", b"")])
    await desk.clock.sleep(1)
    cleared = await desk.housekeeping.clear()
    assert (cleared.archived, cleared.keys) == (2, 2)
    told: dict[str, dict[str, str]] = {}
    for school in ("default", "north"):
        (record,) = await desk.audit.read(school)
        entry = record.entry
        assert (entry.actor, entry.role, entry.action) == ("retention", "service", "archive.drop")
        assert (entry.subjects, entry.allowed) == ((), True)
        told[school] = dict(entry.detail)
    assert told["default"] == {"before": "2024-07-06", "days": "1", "events": "1", "keys": "1"}
    assert told["north"] == {"before": "2024-09-04", "days": "1", "events": "1", "keys": "1"}
    again = await desk.housekeeping.clear()
    assert (again.archived, again.keys) == (0, 0)
    assert [len(await desk.audit.read(school)) for school in ("default", "north")] == [1, 1]


async def test_nothing_goes_that_could_not_be_put_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = School()
    await desk.archive_days("default", TODAY - 91)
    await desk.store.write_many([Write("a", b"", None, 1)])
    await desk.clock.sleep(1)

    async def down(_entries: object) -> None:
        raise DependencyDown("the audit trail is down")

    monkeypatch.setattr(desk.audit, "append", down)
    with pytest.raises(DependencyDown):
        await desk.housekeeping.clear()
    assert len(await desk.archive.of_student("default", "ada")) == 1
    assert [key async for names in desk.store.expired() for key in names] == ["a"]


async def test_keys_leave_for_all_schools_at_once_and_never_for_one_alone() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="north"))
    await desk.store.write_many(
        [Write(keys.processed(one, b"0" * 16), b"", None, 1) for one in ("default", "north")]
    )
    await desk.clock.sleep(1)
    (north,) = await desk.retention.drop(caller(), "north")
    assert (north.keys, north.dropped_keys) == (1, None)
    assert [old.keys for old in await desk.retention.look(caller())] == [1, 1]
    assert [old.dropped_keys for old in await desk.retention.drop(caller())] == [1, 1]
    assert [old.keys for old in await desk.retention.look(caller())] == [0, 0]


async def test_letters_of_no_known_school_go_with_those_of_the_school_default() -> None:
    desk = School()
    await desk.tenants.create(Tenant(tenant_id="north", retention_days=None))
    old = desk.clock.now_ms() - 91 * DAY_MS
    await desk.letters.add(
        [
            letter(number, "ada", tenant_id=tenant, failed_at_ms=at)
            for number, (tenant, at) in enumerate(
                [
                    (None, old),
                    ("nowhere", old),
                    ("north", old),
                    ("default", old),
                    ("nowhere", old + 2 * DAY_MS),
                ]
            )
        ]
    )
    assert [one.letters for one in await desk.retention.look(caller())] == [3, 0]
    assert (await desk.housekeeping.clear()).letters == 3
    assert sorted(one.tenant_id or "" for one in await desk.letters.find()) == ["north", "nowhere"]
