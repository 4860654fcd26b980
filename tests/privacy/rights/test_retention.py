"""What the dry run tells is what goes."""

from __future__ import annotations

import pytest

from mastery_engine.bootstrap.retention import retention_of
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.access import Caller
from tests.api.school import NOW_MS, School
from tests.contract.test_archive import event
from tests.privacy.rights.holdings import letter

OPERATOR = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r")
TODAY = NOW_MS // DAY_MS


async def fill(school: School) -> None:
    """Old and new events and letters, in three schools and in none."""
    ours = school.engine.adapters
    await school.engine.tenants.create(Tenant(tenant_id="forever", retention_days=None))
    for tenant in ("default", "north", "forever"):
        await ours.archive.add([event(age, tenant=tenant, day=TODAY - age) for age in (0, 89, 91, 400)])
    ages = (0, 89, 91, 400)
    for place, tenant in enumerate(("default", "north", "forever", None)):
        await ours.dead_letters.add(
            [
                letter(1_000 * place + age, "amal", tenant_id=tenant, failed_at_ms=NOW_MS - age * DAY_MS)
                for age in ages
            ]
        )


@pytest.mark.parametrize("by", ["command", "worker"])
async def test_the_dry_run_tells_what_goes_and_changes_nothing(school: School, by: str) -> None:
    await fill(school)
    desk, letters = retention_of(school.engine), school.engine.adapters.dead_letters
    looked = {one.tenant_id: one for one in await desk.look(OPERATOR)}
    assert {name: (len(one.days), one.letters) for name, one in looked.items()} == {
        "default": (2, 4),
        "forever": (0, 0),
        "north": (2, 2),
    }
    assert [one.dropped for one in looked.values()] == [None] * 3
    assert len(await letters.find()) == 16
    if by == "command":
        for one in await desk.drop(OPERATOR):
            assert one.dropped == sum(day.events for day in looked[one.tenant_id].days)
            assert one.dropped_letters == looked[one.tenant_id].letters
        assert (await school.audit("north"))[-1].detail["letters"] == "2"
    else:
        cleared = await school.engine.housekeeping.clear()
        assert (cleared.archived, cleared.letters) == (4, 6)
    assert len(await letters.find()) == 10
    assert not any(one.days or one.letters for one in await desk.look(OPERATOR))
