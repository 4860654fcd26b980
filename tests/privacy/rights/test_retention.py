"""What the dry run tells is what goes."""

from __future__ import annotations

import asyncio

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.retention import retention_of
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.access import Caller
from mastery_engine.ports import Archive, Write
from tests.api.school import NOW_MS, School, StillClock, trial_settings
from tests.contract.test_archive import event
from tests.privacy.rights.holdings import letter

OPERATOR = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r")
TODAY = NOW_MS // DAY_MS


async def fill(school: School) -> None:
    """Old and new events and letters, in three schools, in none and in one that is unknown; an expired key."""
    ours = school.engine.adapters
    await school.engine.tenants.create(Tenant(tenant_id="forever", retention_days=None))
    for tenant in ("default", "north", "forever"):
        await ours.archive.add([event(age, tenant=tenant, day=TODAY - age) for age in (0, 89, 91, 400)])
    ages = (0, 89, 91, 400)
    for place, tenant in enumerate(("default", "north", "forever", None, "nowhere")):
        await ours.dead_letters.add(
            [
                letter(1_000 * place + age, "amal", tenant_id=tenant, failed_at_ms=NOW_MS - age * DAY_MS)
                for age in ages
            ]
        )
    await ours.store.write_many([Write(keys.processed("north", b"1" * 16), b"", None, -1)])


@pytest.mark.parametrize("by", ["command", "worker"])
async def test_the_dry_run_tells_what_goes_and_changes_nothing(school: School, by: str) -> None:
    await fill(school)
    desk, letters = retention_of(school.engine), school.engine.adapters.dead_letters
    looked = {one.tenant_id: one for one in await desk.look(OPERATOR)}
    assert {name: (len(one.days), one.letters, one.keys) for name, one in looked.items()} == {
        "default": (2, 6, 0),
        "forever": (0, 0, 0),
        "north": (2, 2, 1),
    }
    assert [one.dropped for one in looked.values()] == [None] * 3
    assert len(await letters.find()) == 20
    if by == "command":
        for one in await desk.drop(OPERATOR):
            assert one.dropped == sum(day.events for day in looked[one.tenant_id].days)
            assert one.dropped_letters == looked[one.tenant_id].letters
    else:
        cleared = await school.engine.housekeeping.clear()
        assert (cleared.archived, cleared.letters, cleared.keys) == (4, 8, 1)
    assert len(await letters.find()) == 12
    (kept,) = [one for one in await school.audit("north") if one.action == "archive.drop"]
    assert (kept.actor, kept.role) == (("os:me", "operator") if by == "command" else ("retention", "service"))
    assert kept.detail | {"before": ""} == {
        "before": "",
        "days": "2",
        "events": "2",
        "letters": "2",
        "keys": "1",
    }
    assert not any(one.days or one.letters or one.keys for one in await desk.look(OPERATOR))


class ThreeMinutes(StillClock):
    """Stops whoever waits on it after three minutes of waiting; between, a day becomes too old."""

    def __init__(self) -> None:
        super().__init__()
        self.stop = asyncio.Event()
        self.archive: Archive | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.archive is not None and self.slept >= 30:
            await self.archive.add([event(1, tenant="default", day=TODAY - 91)])
            self.archive = None
        if self.slept >= 180:
            self.stop.set()


@pytest.mark.parametrize(("seconds", "left"), [(0, 1), (60, 0), (3_600, 1)])
async def test_the_schedule_is_a_setting_and_may_be_off(seconds: int, left: int) -> None:
    clock = ThreeMinutes()
    settings = trial_settings(retention_every_seconds=seconds)
    async with open_engine(settings, clock) as engine, engine.folding() as worker:
        clock.archive = engine.adapters.archive
        await worker.run(clock.stop)
        assert len(await engine.adapters.archive.droppable("default", TODAY)) == left
