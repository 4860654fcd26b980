"""A state older than its log: what is committed never comes again, and what is not is still to come."""

from __future__ import annotations

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.judge import Accepted, identity_of
from mastery_engine.engine.step_parts import archived
from mastery_engine.ports import ArchivedEvent, Record, Write
from tests.unit.engine.house import House, event_id, quiz
from tests.unit.engine.two_students import folded

TENANT = Tenant(tenant_id="default")


async def _state_of_an_older_day() -> House:
    """A house whose state is put back to what it was before the last two events."""
    house = await folded()
    before: dict[str, bytes] = {}
    async for batch in house.store.scan(""):
        for key, entry in zip(batch, await house.store.get_many(batch), strict=True):
            assert entry is not None
            before[key] = entry.value
    await house.send(quiz(500, 9), quiz(501, 2, student="new"))
    await house.work()
    after = (await house.document()).state
    async for batch in house.store.scan(""):
        await house.store.write_many([Write(key, None) for key in batch])
    await house.store.write_many([Write(key, value) for key, value in before.items()])
    assert after.events == 5
    return house


async def test_a_state_older_than_its_log_is_told_and_brought_up_to_it() -> None:
    house = await _state_of_an_older_day()
    assert (await house.work()).polled == 0
    report = await house.replay().run(TENANT, "r1", switch=False)
    assert report.different["ann"][0] == f"event {event_id(500)} is committed and not live"
    assert (report.pending, report.missing, report.equal) == ([], 1, 1)
    report = await house.replay().run(TENANT, "r2", switch=True)
    assert (report.switched, (await house.document()).state.events) == (2, 5)
    assert (await house.replay().run(TENANT, "r3", switch=True)).equal == 3


async def test_what_an_older_state_had_missed_counts_no_second_time() -> None:
    house = await _state_of_an_older_day()
    await house.replay().run(TENANT, "r1", switch=True)
    again = await house.work(consumer=house.log.consumer("from the start"))
    assert again.folded == 0
    await house.send(quiz(500, 9))
    assert (await house.work()).repeats == 1
    await house.send(quiz(600, 9))
    await house.work()
    *_, updated, last = house.outputs()
    assert last["caused_by"] == event_id(600)
    assert last["previous_score"] is not None
    assert updated["caused_by"] != event_id(600)


def _archived(record: Record, event: LearningEvent) -> ArchivedEvent:
    event_id, digest = identity_of(event)
    return archived(Accepted(record, event, event_id, digest, event.timestamp // DAY_MS), "topic")


async def test_events_that_are_archived_and_still_to_come_are_named_and_no_difference() -> None:
    house = await folded()
    (position,) = await house.send(quiz(500))
    (record,) = await house.log.read(position.partition, position.offset, 1)
    await house.archive.add([_archived(record, quiz(500))])
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert (report.pending, report.equal, report.switched) == ([event_id(500)], 2, 0)
    assert (await house.work()).folded == 1
    assert (await house.replay().run(TENANT, "r2", switch=True)).pending == []
