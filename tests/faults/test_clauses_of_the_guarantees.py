"""Clauses that random histories miss now and then, each in a short history that breaks without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zlib import crc32

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.events import Event
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import Write
from tests.faults.meddling import Failing, Holding, Killed, Meddling, down
from tests.unit.engine.house import GROUP, House, quiz
from tools.simulation.code import Code, mutated, the_code
from tools.simulation.mutations import MUTATIONS

Scenario = Callable[[Code], Awaitable[None]]

FIRST, REPEAT, NEXT = quiz(1), quiz(1), quiz(2)


async def _elsewhere(house: House, event: Event) -> Holding:
    """Append to the partition that is not the student's own; the holder has polled nothing else."""
    own = crc32(b"student:ann") % 2
    key = next(name for name in map(str, range(99)) if crc32(name.encode()) % 2 != own)
    at = (await house.send(event, key=key))[0]
    return Holding("topic", await house.log.read(at.partition, at.offset, 1))


async def _zombie_with_a_repeat(house: House) -> Holding:
    """A log with an event and its repeat in another partition; the repeat is in a zombie's hands already."""
    await house.send(FIRST)
    return await _elsewhere(house, REPEAT)


async def _others_go_on(house: House) -> None:
    """Another worker folds the event and the next: the first one's outcome leaves the document."""
    others = the_code().process
    own = crc32(b"student:ann") % 2
    for offset in range(2):
        if offset:
            await house.send(NEXT)
        records = await house.log.read(own, offset, 1)
        await house.work(consumer=Holding("topic", records), engine=others)


async def processed_is_read_after_the_document(code: Code) -> None:
    house = House(2, code.process)
    zombie = await _zombie_with_a_repeat(house)
    store = Meddling(house.store, "get_many", 2, lambda: _others_go_on(house))
    await house.work(consumer=zombie, store=store)
    assert (await house.document()).state.events == 2


async def both_are_read_again_after_a_conflict(code: Code) -> None:
    house = House(2, code.process)
    zombie = await _zombie_with_a_repeat(house)
    store = Meddling(house.store, "write_many", 1, lambda: _others_go_on(house))
    report = await house.work(consumer=zombie, store=store)
    assert report.conflicts == 1
    assert (await house.document()).state.events == 2


async def a_repeat_advances_the_offset_before_offsets_are_reset(code: Code) -> None:
    house = House(2, code.process)
    await house.send(FIRST)
    await house.work()
    await house.work(consumer=await _elsewhere(house, REPEAT))
    await house.send(NEXT)
    await house.work()
    # Long after, the record that told the repeat has expired, and somebody reads the topic from its start.
    await house.store.write_many([Write(keys.processed("default", identity_of(FIRST)[0]), None)])
    await house.work(consumer=house.log.consumer("from the start"))
    assert (await house.document()).state.events == 2


async def what_a_deleted_topic_left_between_steps_4_and_6_is_finished(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(NEXT)
    await house.work()
    await house.send(FIRST)
    with pytest.raises(Killed):
        await house.work(results=Failing(house.results, "publish", Killed()))
    await house.log.recreate("made again")
    await house.work()
    assert [one["caused_by"] for one in house.outputs()] == [NEXT.event_id, FIRST.event_id]
    assert await house.processed(FIRST) is not None


async def what_a_deleted_topic_left_is_finished_though_nothing_was_ever_committed(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(FIRST)
    with pytest.raises(Killed):
        await house.work(results=Failing(house.results, "publish", Killed()))
    await house.log.recreate("made again")
    await house.work()
    assert len(house.outputs()) == 1


async def what_a_deleted_topic_left_is_finished_by_the_worker_that_saw_it_deleted(code: Code) -> None:
    house = House(engine=code.process)
    consumer = house.log.consumer(GROUP)
    processor = house.processor(consumer, results=Failing(house.results, "publish", down()))
    await house.send(FIRST)
    with pytest.raises(Exception, match="plug"):
        await processor.step(10)
    await consumer.rewind()
    await house.log.recreate("made again")
    await processor.step(10)
    assert len(house.outputs()) == 1


async def another_students_record_does_not_hide_an_unsent_outcome(code: Code) -> None:
    house = House(2, code.process)
    mine, theirs = quiz(1), quiz(1, student="bob")
    await house.send(mine)
    with pytest.raises(Killed):
        await house.work(results=Failing(house.results, "publish", Killed()))
    partition = (await house.send(theirs))[0].partition
    records = [one for one in await house.log.read(partition, 0, 10) if b"bob" in one.value]
    await house.work(consumer=Holding("topic", records))
    assert [one["student_id"] for one in house.outputs()] == ["bob"]
    await house.work()
    assert {one["student_id"] for one in house.outputs()} == {"ann", "bob"}


async def what_is_not_archived_is_not_marked_as_finished(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(FIRST, NEXT)
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()))
    # The next process takes the first record alone, and finds both outcomes in the document.
    consumer = house.log.consumer(GROUP)
    await house.processor(consumer).step(1)
    assert await house.processed(FIRST) is not None
    assert await house.processed(NEXT) is None
    await house.processor(consumer).step(1)
    assert await house.processed(NEXT) is not None
    assert len(await house.archive.of_student("default", "ann")) == 2


async def what_another_event_under_its_id_came_before_is_not_marked_as_finished(code: Code) -> None:
    house = House(2, code.process)
    await house.send(FIRST)
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()))
    await house.work(consumer=await _elsewhere(house, quiz(1, correct=9)))
    assert await house.processed(FIRST) is None
    await house.replay(code.replay.Replay).run(DEFAULT, "r", switch=True)
    await house.work()
    assert (await house.document()).state.events == 1


async def what_was_refused_is_not_archived_when_it_comes_again(code: Code) -> None:
    house = House(2, code.process)
    await house.send(FIRST)
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()))
    refused = await _elsewhere(house, quiz(1, correct=9))
    records = await refused.poll(1)
    for _ in range(2):
        await house.work(consumer=Holding("topic", records))
    await house.work()
    assert [one.value for one in await house.archive.of_student("default", "ann")] == [encode_event(FIRST)]
    assert [letter.reason for letter in await house.all_letters()] == ["event_id_reused"]


async def an_id_used_twice_in_a_batch_is_judged_by_what_is_stored(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(FIRST, quiz(1, student="bob"))
    with pytest.raises(Killed):
        await house.work(store=Failing(house.store, "write_many", Killed()))
    assert await house.all_letters() == []
    await house.work()
    assert [letter.student_id for letter in await house.all_letters()] == ["bob"]
    assert (await house.document("bob")).state.events == 0


async def an_id_is_contested_by_who_waits_for_another(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(quiz(1), quiz(1, correct=9), quiz(2), quiz(2, student="bob"))
    report = await house.work()
    assert (report.folded, report.refused) == (2, 2)
    assert (await house.document("bob")).state.events == 0


async def a_replay_switches_only_the_document_that_it_compared(code: Code) -> None:
    house = House()
    await house.send(FIRST)
    await house.work()
    key = keys.document("default", "ann")
    document = await house.document()
    document.state.courses["A"].now.events = 9
    await house.store.write_many([Write(key, encode_document(document))])

    async def fold_the_next() -> None:
        await house.send(NEXT)
        await house.work()

    store = Meddling(house.store, "write_many", 1, fold_the_next)
    await house.replay(code.replay.Replay, store=store).run(DEFAULT, "r", switch=True)
    state = (await house.document()).state
    assert (state.events, len(dict(state.courses["A"].days.items()))) == (2, 1)
    assert await house.processed(NEXT) is not None


async def a_replay_does_not_drop_what_is_about_to_be_archived(code: Code) -> None:
    house = House()
    await house.send(FIRST)
    await house.work()
    await house.send(NEXT)
    with pytest.raises(Killed):
        await house.work(archive=Failing(house.archive, "add", Killed()))
    await house.replay(code.replay.Replay).run(DEFAULT, "r", switch=True)
    await house.work()
    assert (await house.document()).state.events == 2


async def a_replay_takes_no_work_under_way_for_a_difference(code: Code) -> None:
    house = House()
    await house.send(FIRST)
    await house.work()

    async def fold(number: int) -> None:
        await house.send(quiz(number))
        await house.work()

    # The first makes the replay look closely, the second comes while it does.
    store = Meddling(house.store, "get_many", 1, lambda: fold(2))
    log = Meddling(house.log, "topic_id", 2, lambda: fold(3))
    report = await house.replay(code.replay.Replay, store=store, log=log).run(DEFAULT, "r", switch=False)
    assert (report.different, report.equal) == ({}, 1)


async def a_replay_brings_a_state_up_to_what_is_committed(code: Code) -> None:
    house = House(engine=code.process)
    await house.send(FIRST)
    await house.work()
    older = await house.entry(keys.document("default", "ann"))
    assert older is not None
    await house.send(NEXT)
    await house.work()
    await house.store.write_many(
        [
            Write(keys.document("default", "ann"), older.value),
            Write(keys.processed("default", identity_of(NEXT)[0]), None),
        ]
    )
    await house.replay(code.replay.Replay).run(DEFAULT, "r", switch=True)
    assert (await house.document()).state.events == 2
    await house.send(NEXT)
    assert (await house.work()).repeats == 1


SCENARIOS: dict[Scenario, str] = {
    a_replay_takes_no_work_under_way_for_a_difference: "a replay reads what is committed after the document",
    a_replay_brings_a_state_up_to_what_is_committed: "a replay takes what is committed for still to come",
    a_replay_switches_only_the_document_that_it_compared: "a replay switches without compare-and-set",
    a_replay_does_not_drop_what_is_about_to_be_archived: "a replay does not wait for what is not archived yet",
    processed_is_read_after_the_document: "`processed:` read before the document",
    both_are_read_again_after_a_conflict: "nothing read again after a conflict but the document",
    a_repeat_advances_the_offset_before_offsets_are_reset: "a repeat does not advance the offset",
    what_a_deleted_topic_left_between_steps_4_and_6_is_finished: (
        "nobody finishes what a deleted topic left behind"
    ),
    what_a_deleted_topic_left_is_finished_though_nothing_was_ever_committed: (
        "nobody finishes what a deleted topic left behind"
    ),
    what_a_deleted_topic_left_is_finished_by_the_worker_that_saw_it_deleted: (
        "nobody finishes what a deleted topic left behind"
    ),
    another_students_record_does_not_hide_an_unsent_outcome: "a `processed:` record counts for every student",
    what_is_not_archived_is_not_marked_as_finished: "marked as finished before it is archived",
    what_another_event_under_its_id_came_before_is_not_marked_as_finished: (
        "what was refused is taken for archived"
    ),
    what_was_refused_is_not_archived_when_it_comes_again: (
        "the archive takes what was refused when it first came"
    ),
    an_id_is_contested_by_who_waits_for_another: "what contests an id waits for the first of the batch only",
    an_id_used_twice_in_a_batch_is_judged_by_what_is_stored: "an id used twice in one batch is judged at once",
}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_clause_holds(scenario: Scenario) -> None:
    await scenario(the_code())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_without_its_clause_the_history_goes_wrong(scenario: Scenario) -> None:
    broken = next(mutation for mutation in MUTATIONS if mutation.name == SCENARIOS[scenario])
    with pytest.raises(AssertionError):
        await scenario(mutated(broken))
