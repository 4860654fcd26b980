"""A stream whose reader may see the student no longer, when an event comes before the next full look."""

from __future__ import annotations

import pytest

from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.live_updates import FRESH_SECONDS
from tests.api.streams import open_live


@pytest.mark.parametrize("lost", ["membership", "token"])
async def test_whoever_has_lost_the_access_is_told_no_update_more(lost: str) -> None:
    async with open_live() as live:
        await live.teach("amal")
        async with live.follow(**live.bearer("ms-yun", "teacher")) as reader:
            await reader.next()
            await live.streams_are(1)
            live.clock.turn(FRESH_SECONDS)
            if lost == "membership":
                cohort = Cohort(cohort_id="7a", teachers=(Membership(person_id="ms-yun"),))
                await live.engine.adapters.rosters.put("default", [cohort])
            else:
                who, body = live.bearer("head", "admin"), {"subject": "ms-yun"}
                await live.http.post("/api/v1/tokens/revoke", json=body, headers=who)
            await live.teach("amal")
            told = await reader.next()
            assert (told.kind, told.data) == ("end", {"reason": "not_found"})
