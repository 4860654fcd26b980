"""Old days of the archive: looked at, and dropped on request, each on its school's record."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.memory import MemoryAuditTrail, MemoryRosters
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant, encode_tenant
from mastery_engine.domain.errors import NotAllowed, NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.policy import Role
from mastery_engine.engine.retention import ArchiveRetention
from mastery_engine.ports import ArchivedDay, Write
from tests.unit.engine.test_housekeeping import TODAY, School


def caller(role: Role = "operator", tenant_id: str = "default") -> Caller:
    return Caller(tenant_id=tenant_id, subject="os:ann", role=role, request_id="r1")


class Desk(School):
    def __init__(self) -> None:
        super().__init__()
        self.audit = MemoryAuditTrail()
        access = Access(MemoryRosters(), self.audit, keys.Pseudonyms(b"k" * 32), self.clock)
        self.retention = ArchiveRetention(self.archive, self.tenants, access, self.clock)


async def test_a_look_tells_what_would_go_and_changes_nothing() -> None:
    desk = Desk()
    await desk.archive_days("default", TODAY - 92, TODAY - 91, TODAY - 90, TODAY)
    (told,) = await desk.retention.look(caller())
    assert (told.tenant_id, told.retention_days, told.dropped) == ("default", 90, None)
    assert told.days == [ArchivedDay(TODAY - 92, 1, 2), ArchivedDay(TODAY - 91, 1, 2)]
    assert told.first_kept is not None
    assert (told.first_kept.toordinal() - 719_163) == TODAY - 90
    assert len(await desk.archive.of_student("default", "ada")) == 4
    assert await desk.audit.tenants() == []


async def test_what_is_dropped_is_what_was_told_and_on_the_schools_record() -> None:
    desk = Desk()
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
    desk = Desk()
    await desk.tenants.create(Tenant(tenant_id="forever", retention_days=None))
    await desk.archive_days("forever", 1, TODAY - 4_000)
    for told in (
        await desk.retention.look(caller(), "forever"),
        await desk.retention.drop(caller(), "forever"),
    ):
        assert (told[0].first_kept, told[0].days) == (None, [])
    assert len(await desk.archive.of_student("forever", "ada")) == 2


async def test_settings_below_the_shortest_retention_keep_the_shortest() -> None:
    desk = Desk()
    short = encode_tenant(Tenant(tenant_id="short", retention_days=1))
    await desk.store.write_many([Write(keys.tenant("short"), short)])
    await desk.archive_days("short", TODAY - 31, TODAY - 30, TODAY - 2)
    assert (await desk.retention.drop(caller(), "short"))[0].dropped == 1
    assert (await desk.housekeeping.clear()).archived == 0
    assert len(await desk.archive.of_student("short", "ada")) == 2


async def test_housekeeping_drops_the_same_days() -> None:
    desk = Desk()
    await desk.archive_days("default", TODAY - 300, TODAY - 91, TODAY - 90)
    (told,) = await desk.retention.look(caller())
    assert (await desk.housekeeping.clear()).archived == sum(day.events for day in told.days) == 2


async def test_an_admin_has_the_own_school_only() -> None:
    desk = Desk()
    await desk.tenants.create(Tenant(tenant_id="north"))
    assert [old.tenant_id for old in await desk.retention.look(caller("admin", "north"))] == ["north"]
    for other in ("default", "nowhere"):
        with pytest.raises(NotFound, match=f"no tenant '{other}'"):
            await desk.retention.drop(caller("admin", "north"), other)
    with pytest.raises(NotAllowed):
        await desk.retention.look(caller("teacher"))
    assert [one.entry.allowed for one in await desk.audit.read("default")] == [False]
