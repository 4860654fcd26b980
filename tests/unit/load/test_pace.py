"""Events go out when they are due, whatever the system does."""

from __future__ import annotations

from mastery_engine.cli.load.pace import due
from mastery_engine.domain.events import LearningEvent
from tests.contract.factories import FakeClock
from tests.unit.engine.house import quiz

EVENTS: list[LearningEvent] = [quiz(number) for number in range(1, 101)]


async def test_each_event_is_due_at_its_time_and_none_is_left_out() -> None:
    clock = FakeClock()
    begin = clock.monotonic()
    taken = [one async for batch in due(iter(EVENTS), 50.0, 1_000, clock) for one in batch]
    assert [one.event for one in taken] == EVENTS
    assert [round(one.at - begin, 6) for one in taken] == [place / 50 for place in range(100)]
    assert 1.9 <= clock.monotonic() - begin <= 2.1


async def test_who_is_held_up_finds_all_that_became_due_meanwhile_with_the_time_it_was_due() -> None:
    clock = FakeClock()
    begin = clock.monotonic()
    sizes: list[int] = []
    async for batch in due(iter(EVENTS), 100.0, 40, clock):
        sizes.append(len(batch))
        if len(sizes) == 1:
            await clock.sleep(0.6)
            continue
        if len(sizes) == 2:
            assert batch[0].at - begin < 0.02
    assert sizes[:2] == [1, 40]
    assert sum(sizes) == 100


async def test_without_a_rate_events_are_due_when_they_are_taken() -> None:
    clock = FakeClock()
    moments: list[set[float]] = []
    async for batch in due(iter(EVENTS), None, 40, clock):
        moments.append({one.at for one in batch})
        await clock.sleep(1.0)
    assert len(moments) == 3
    assert all(len(one) == 1 for one in moments)
