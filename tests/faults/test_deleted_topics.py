"""A topic that is deleted between folding and archiving takes events from the archive, and never from a student."""

from __future__ import annotations

import pytest
import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import Write
from tests.faults.meddling import Failing, Killed, Meddling
from tests.unit.engine.house import House, event_id, question, quiz

KEY = keys.document("default", "ann")


async def _killed_before_archiving(house: House) -> None:
    """One event archived, and one folded by a worker that dies; then the topic is made again."""
    await house.send(quiz(1))
    await house.work()
    await house.send(quiz(2))
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()), results=_dead(house))
    await house.log.recreate("made again")


def _dead(house: House) -> Failing:
    return Failing(house.results, "publish", Killed())


async def _begun_anew() -> House:
    house = House()
    await _killed_before_archiving(house)
    with structlog.testing.capture_logs():
        await house.work()
    return house


async def test_what_the_archive_lacks_is_told_counted_and_noted() -> None:
    house = House()
    await _killed_before_archiving(house)
    with structlog.testing.capture_logs() as logs:
        report = await house.work()
    assert report.unarchived == 1
    (told,) = [one for one in logs if one["event"] == "events not archived"]
    assert (told["log_level"], told["events"]) == ("warning", 1)
    assert list((await house.document()).unarchived) == [identity_of(quiz(2))[0]]
    assert [one["caused_by"] for one in house.outputs()] == [event_id(1), event_id(2)]


async def test_it_is_noted_once_though_the_worker_dies_again() -> None:
    house = House()
    await _killed_before_archiving(house)
    with structlog.testing.capture_logs():
        with pytest.raises(Killed):
            await house.work(results=_dead(house))
        assert (await house.work()).unarchived == 0
    assert len((await house.document()).unarchived) == 1
    assert await house.processed(quiz(2)) is not None


async def test_a_replay_leaves_the_student_alone_and_says_why() -> None:
    house = await _begun_anew()
    report = await house.replay().run(DEFAULT, "r", switch=True)
    assert (report.lost, report.switched) == ([event_id(2)], 0)
    assert report.different["ann"][0] == f"event {event_id(2)} was deleted before it was archived"
    assert (await house.document()).state.events == 2


async def test_sent_again_it_is_archived_counts_no_second_time_and_the_replay_agrees() -> None:
    house = await _begun_anew()
    await house.send(quiz(2))
    assert (await house.work()).repeats == 1
    report = await house.replay().run(DEFAULT, "r", switch=True)
    assert (report.equal, report.lost) == (1, [])
    assert (await house.document()).state.events == 2


async def test_events_that_were_archived_in_time_are_not_noted() -> None:
    house = House()
    await house.send(quiz(1), question(2))
    with pytest.raises(Killed):
        await house.work(results=_dead(house))
    await house.log.recreate("made again")
    assert (await house.work()).unarchived == 0
    assert (await house.document()).unarchived == {}


async def test_a_question_is_no_evidence_and_not_missed() -> None:
    house = House()
    await house.send(question(1))
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()), results=_dead(house))
    await house.log.recreate("made again")
    assert (await house.work()).unarchived == 0


async def test_a_note_does_not_outlive_the_days_that_a_replay_rebuilds() -> None:
    house = await _begun_anew()
    house.clock.ms += 95 * DAY_MS
    await house.send(quiz(3, when="2024-06-12T10:00:00"))
    await house.work()
    await house.archive.drop_before("default", house.clock.ms // DAY_MS - 90 + 1)
    report = await house.replay().run(DEFAULT, "r", switch=True)
    assert (report.equal, report.lost) == (1, [])


async def test_a_document_that_changes_under_the_note_is_read_again() -> None:
    house = House()
    await _killed_before_archiving(house)

    async def erased_meanwhile() -> None:
        await house.store.write_many([Write(KEY, TOMBSTONE)])

    store = Meddling(house.store, "write_many", 1, erased_meanwhile)
    with structlog.testing.capture_logs():
        assert (await house.work(store=store)).unarchived == 0
    entry = await house.entry(KEY)
    assert entry is not None
    assert entry.value == TOMBSTONE
    assert len(house.outputs()) == 1


async def test_a_document_that_never_rests_is_waited_for() -> None:
    house = House()
    await _killed_before_archiving(house)

    class Restless:
        def __getattr__(self, name: str) -> object:
            return getattr(house.store, name)

        async def write_many(self, writes: list[Write]) -> list[bool]:
            return [False for _ in writes]

    with structlog.testing.capture_logs(), pytest.raises(DependencyDown, match="kept changing"):
        await house.work(store=Restless())


async def test_without_an_archive_of_its_own_a_worker_notes_nothing() -> None:
    house = House()
    await _killed_before_archiving(house)
    assert (await house.work(archive=None)).unarchived == 0
    assert (await house.document()).unarchived == {}
