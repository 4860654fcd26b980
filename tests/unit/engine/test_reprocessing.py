"""Many dead letters, sent again at a pace."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.memory import MemoryAuditTrail, MemoryRosters
from mastery_engine.contracts.reprocessing import Reprocessing
from mastery_engine.domain.errors import DependencyDown, InvalidInput, NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.letters import DeadLetterDesk
from mastery_engine.engine.reprocessing import Pace, reprocess_many
from tests.faults.meddling import Failing, down, poison
from tests.unit.engine.house import House, event_id, quiz

OPERATOR = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r1")


async def letters(house: House, count: int) -> list[str]:
    """So many events are given up: the ids of their letters, in the order of the events."""
    for number in range(1, count + 1):
        await house.send(quiz(number))
        with poison(number):
            await house.work()
    house.clock.slept.clear()
    return [one.letter_id for one in sorted(await house.all_letters(), key=lambda one: one.offset)]


def desk(house: House, log: object = None) -> DeadLetterDesk:
    access = Access(MemoryRosters(), MemoryAuditTrail(), house.pseudonyms, house.clock)
    return DeadLetterDesk(house.letters, log or house.log, house.store, access, house.clock)  # type: ignore[arg-type] # a port


async def test_letters_are_sent_evenly_at_the_rate_and_each_is_told() -> None:
    house, told = House(), list[Reprocessing]()
    ids = await letters(house, 4)
    await reprocess_many(desk(house), OPERATOR, ids, Pace(house.clock, 4), told.append)
    assert [one.letter_id for one in told] == ids
    assert {one.outcome for one in told} == {"sent"}
    assert house.clock.slept == [0.25] * 3
    assert (await house.work()).folded == 4


async def test_without_a_rate_and_for_a_dry_run_nobody_waits() -> None:
    house, told = House(), list[Reprocessing]()
    ids = await letters(house, 3)
    await reprocess_many(desk(house), OPERATOR, ids, Pace(house.clock, 1), told.append, dry_run=True)
    assert [one.outcome for one in told] == ["dry_run"] * 3
    assert (await house.work()).polled == 0
    await reprocess_many(desk(house), OPERATOR, ids, Pace(house.clock, None), told.append)
    assert house.clock.slept == []
    assert (await house.work()).folded == 3


async def test_who_was_slow_for_a_while_does_not_catch_up() -> None:
    house = House()
    pace = Pace(house.clock, 10)
    for _ in range(3):
        await pace.wait()
        pace.went()
        house.clock.ms += 5_000
    assert house.clock.slept == []


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_is_more_than_nothing(rate: float) -> None:
    with pytest.raises(InvalidInput, match="more than 0"):
        Pace(House().clock, rate)


async def test_of_several_letters_those_that_are_open_no_more_are_passed_over() -> None:
    house, told = House(), list[Reprocessing]()
    first, second = await letters(house, 2)
    office, pace = desk(house), Pace(house.clock, None)
    await office.discard(OPERATOR, first, "a test")
    await reprocess_many(office, OPERATOR, [first, "unknown", second], pace, told.append)
    assert [one.outcome for one in told] == ["skipped", "skipped", "sent"]
    assert "discarded already" in told[0].message
    with pytest.raises(NotFound):
        await reprocess_many(office, OPERATOR, ["unknown"], pace, told.append)


async def test_after_an_error_in_the_middle_the_rest_is_as_it_was() -> None:
    house, told = House(), list[Reprocessing]()
    ids = await letters(house, 3)
    log = Failing(house.log, "append", down())
    await reprocess_many(desk(house), OPERATOR, ids[:1], Pace(house.clock, None), told.append)
    with pytest.raises(DependencyDown):
        await reprocess_many(desk(house, log), OPERATOR, ids[1:], Pace(house.clock, None), told.append)
    assert [one.letter_id for one in told] == ids[:1]
    assert [one.event_id for one in await house.all_letters() if one.status == "open"] == [
        event_id(2),
        event_id(3),
    ]
