"""Derived keys: the results of the days that events changed, for those who read the store directly."""

from __future__ import annotations

import json
from typing import Any

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.process import Processor
from tests.unit.engine.house import House, completion, quiz, visit

DAY = "student:ann:mastery:2024-03-08"


async def _read(house: House, key: str) -> Any:
    entry = await house.entry(key)
    return None if entry is None else json.loads(entry.value)


async def test_a_day_holds_its_result_and_each_component() -> None:
    house = House()
    await house.send(completion(1, 6))
    await house.work()
    assert await _read(house, DAY) == {
        "v": 1,
        "score": 0.34,
        "level": "beginner",
        "formula": "adr-004@1",
        "components": {
            "completion": {"value": 0.6, "observed": True},
            "quiz": {"value": 0.0, "observed": False},
            "quality": {"value": 0.0, "observed": False},
            "consistency": {"value": 1.0, "observed": True},
        },
    }
    assert await _read(house, f"{DAY}:completion") == {"v": 1, "value": 0.6, "observed": True}
    assert await _read(house, f"{DAY}:quality") == {"v": 1, "value": 0.0, "observed": False}


async def test_a_late_event_changes_its_own_day_and_the_days_of_the_batch_after_it() -> None:
    house = House()
    await house.send(completion(1, 6))
    await house.work()
    await house.send(quiz(2, 10, "2024-03-05T10:00:00"), quiz(3, 10, "2024-03-06T10:00:00"))
    await house.work()
    early = await _read(house, "student:ann:mastery:2024-03-05")
    assert early["components"]["completion"]["observed"] is False
    later = await _read(house, "student:ann:mastery:2024-03-06")
    assert later["components"]["consistency"]["value"] == 1.0
    state = (await house.document()).state
    for day in ("2024-03-05", "2024-03-06"):
        number = (await house.document()).state.newest_day - (3 if day.endswith("5") else 2)
        whole = await _read(house, f"student:ann:mastery:{day}")
        assert whole["score"] == state.result(BUILT_IN[0], number).score


async def test_active_days_of_the_last_thirty_are_told_with_the_streaks() -> None:
    house = House()
    await house.send(visit(1, "2024-03-08T10:00:00", "2024-03-07", "2024-03-06", "2024-02-20", "2024-01-01"))
    await house.work()
    assert await _read(house, "student:ann:activity:recent") == {
        "v": 1,
        "active_days": ["2024-03-08", "2024-03-07", "2024-03-06", "2024-02-20"],
        "current_streak": 3,
        "longest_streak": 3,
    }
    house.clock.ms += 30 * DAY_MS
    assert await house.entry("student:ann:activity:recent") is None


async def test_a_day_lives_as_long_as_the_retention_after_it() -> None:
    house = House()
    await house.send(completion(1, 6))
    await house.work()
    house.clock.ms = (house.clock.ms // DAY_MS + 88) * DAY_MS + DAY_MS - 1
    assert await house.entry(DAY) is not None
    house.clock.ms += 1
    assert await house.entry(DAY) is None


async def test_kinds_that_are_switched_off_are_not_written() -> None:
    for kinds, expected in (
        ((), set[str]()),
        (("day",), {DAY}),
        (("component",), {f"{DAY}:{name}" for name in ("completion", "quiz", "quality", "consistency")}),
        (("activity",), {"student:ann:activity:recent"}),
    ):
        house = House()
        await house.send(completion(1, 6))
        processor = house.processor()
        processor._parts._derived = DerivedKeys(Lifetimes(), kinds)  # pyright: ignore[reportArgumentType]
        assert isinstance(processor, Processor)
        await processor.step(10)
        found: set[str] = set()
        async for batch in house.store.scan("student:ann:"):
            found.update(key for key in batch if not key.endswith("current_mastery"))
        assert found == expected


async def test_a_tenant_that_keeps_for_good_has_days_without_an_end() -> None:
    house = House()
    await house.tenants.create(Tenant(tenant_id="open", retention_days=None))
    await house.send(completion(1, 6, tenant="open"))
    await house.work()
    house.clock.ms += 5_000 * DAY_MS
    assert await house.entry("school:open:student:ann:mastery:2024-03-08") is not None
    assert await house.entry("school:open:student:ann:activity:recent") is None


async def test_repeats_and_questions_change_no_derived_key() -> None:
    house = House()
    await house.send(completion(1, 6))
    await house.work()
    before = await house.entry(DAY)
    await house.send(completion(1, 6))
    await house.work()
    assert await house.entry(DAY) == before
