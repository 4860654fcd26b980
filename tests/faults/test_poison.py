"""An event that no fold survives goes to the dead letters, whole, and nothing else suffers."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest.mock import patch

import pytest
import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.errors import DependencyDown, InvalidInput, Problem
from mastery_engine.domain.events import Event
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.poison import ATTEMPTS
from mastery_engine.engine.step import STEP_DEADLINE_SECONDS
from mastery_engine.engine.work import Worker
from mastery_engine.ports import Write
from tests.faults.meddling import Failing, Holding, Meddling, down, poison
from tests.unit.engine.house import GROUP, House, event_id, quiz

KEY = keys.document("default", "ann")


async def test_a_poison_event_goes_to_the_dead_letters_and_the_rest_goes_on() -> None:
    house = House()
    await house.send(quiz(1), quiz(2), quiz(3), quiz(4, student="bob"))
    with poison(2) as left:
        report = await house.work()
    assert (report.folded, report.refused) == (3, 1)
    letter = (await house.all_letters())[0]
    assert letter.payload == encode_event(quiz(2))
    assert (letter.kind, letter.reason, letter.attempts) == ("processing", "given_up", ATTEMPTS)
    assert letter.message == "ZeroDivisionError: poison"
    assert (letter.event_id, letter.student_id, letter.offset) == (event_id(2), "ann", 1)
    assert 1_000 - left[0] >= ATTEMPTS
    document = await house.document()
    assert document.given_up == [letter]
    assert document.state.events == 2
    assert document.folded("topic", 0) == 2
    assert {one["caused_by"] for one in house.outputs()} == {event_id(1), event_id(3), event_id(4)}
    assert len(await house.archive.of_student("default", "ann")) == 3


async def test_a_poison_event_that_is_a_rule_of_ours_does_not_block_either() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    with poison(1, InvalidInput.of(Problem("x", "1", "cannot be folded"))):
        report = await house.work()
    assert (report.folded, report.refused) == (1, 1)


async def test_an_event_that_fails_once_is_tried_again_and_counts() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    with poison(2, times=3):
        report = await house.work()
    assert (report.folded, report.refused) == (2, 0)
    assert await house.all_letters() == []


async def test_folding_a_given_up_event_at_last_removes_its_note() -> None:
    house = House()
    await house.send(quiz(1))
    with poison(1):
        await house.work()
    await house.send(quiz(1))
    report = await house.work()
    assert report.folded == 1
    assert (await house.document()).given_up == []
    assert len(await house.all_letters()) == 1


async def test_a_given_up_event_is_not_folded_when_it_is_delivered_again() -> None:
    house = House()
    await house.send(quiz(1))
    with poison(1):
        await house.work()
    report = await house.work(consumer=house.log.consumer("again"))
    assert (report.folded, report.repeats) == (0, 1)
    assert len((await house.document()).given_up) == 1


async def test_a_letter_lost_on_its_way_is_sent_at_the_next_reading() -> None:
    house = House()
    await house.send(quiz(1))
    letters = Failing(house.letters, "add", down())
    with poison(1), pytest.raises(DependencyDown):
        await house.work(dead_letters=letters)
    assert await house.all_letters() == []
    await house.send(quiz(2))
    await house.work()
    assert [letter.event_id for letter in await house.all_letters()] == [event_id(1)]


async def test_what_another_worker_folds_meanwhile_is_not_given_up() -> None:
    house = House()
    await house.send(quiz(1))
    records = await house.log.read(0, 0, 1)

    async def other_worker() -> None:
        left[0] = 0
        await house.work(consumer=Holding("topic", records))
        left[0] = 1_000

    with poison(1) as left:
        # The documents' fifth reading is the one before giving up.
        report = await house.work(store=Meddling(house.store, "get_many", 3 * ATTEMPTS + 1, other_worker))
    assert report.refused == 0
    assert await house.all_letters() == []
    assert (await house.document()).state.events == 1


async def test_a_repeat_of_what_counted_meanwhile_is_not_noted_as_given_up() -> None:
    house = House()
    await house.send(quiz(1), quiz(1))
    first, repeat = await house.log.read(0, 0, 2)

    async def other_worker() -> None:
        left[0] = 0
        await house.work(consumer=Holding("topic", [first]))
        left[0] = 1_000

    with poison(1) as left:
        store = Meddling(house.store, "get_many", 3 * ATTEMPTS + 1, other_worker)
        report = await house.work(consumer=Holding("topic", [repeat]), store=store)
    assert (report.repeats, report.refused, await house.all_letters()) == (1, 0, [])
    document = await house.document()
    assert (document.given_up, document.state.events, document.folded("topic", 0)) == ([], 1, 1)


async def test_giving_up_an_event_of_an_erased_student_leaves_no_letter() -> None:
    house = House()
    await house.send(quiz(1))

    async def erase() -> None:
        await house.store.write_many([Write(KEY, TOMBSTONE)])

    with poison(1):
        await house.work(store=Meddling(house.store, "get_many", 3 * ATTEMPTS + 1, erase))
    assert await house.all_letters() == []
    entry = await house.entry(KEY)
    assert entry is not None
    assert entry.value == TOMBSTONE


async def test_a_record_that_judging_cannot_stand_does_not_stop_the_others() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    processor = house.processor()
    check: Any = processor._judge._check

    def failing(event: Event, *rest: Any) -> None:
        if event.event_id == event_id(1):
            raise OverflowError("no such day")
        check(event, *rest)

    with patch.object(processor._judge, "_check", failing), structlog.testing.capture_logs():
        report = await processor.step(10)
    assert (report.folded, report.refused) == (1, 1)
    letter = (await house.all_letters())[0]
    assert (letter.reason, letter.message) == ("not_judged", "cannot be judged: OverflowError: no such day")
    assert letter.payload == encode_event(quiz(1))


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.5), (0.5, 1.0), (0.99, 1.49)])
async def test_the_pauses_between_the_attempts_grow_and_differ_by_chance(
    chance: float, factor: float
) -> None:
    house = House()
    await house.send(quiz(1))
    with poison(1):
        await house.work(chance=lambda: chance)
    assert house.clock.slept == pytest.approx([0.05 * factor, 0.1 * factor, 0.2 * factor])


async def test_an_event_that_times_out_while_all_answers_becomes_a_letter_of_that_kind() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    with poison(1, TimeoutError("too long")):
        report = await house.work()
    assert (report.folded, report.refused, report.timed_out, report.failed) == (1, 1, 1, 0)
    letter = (await house.all_letters())[0]
    assert (letter.kind, letter.reason, letter.attempts) == ("timeout", "given_up", ATTEMPTS)


@pytest.mark.parametrize("port", ["store", "log"])
async def test_an_event_that_times_out_while_something_is_down_waits(port: str) -> None:
    house = House()
    await house.send(quiz(1))
    silent = Failing(getattr(house, port), "ping", down())
    with poison(1, TimeoutError("too long")), pytest.raises(DependencyDown):
        await house.work(**{port: silent})
    assert await house.all_letters() == []
    assert (await house.work()).folded == 1


async def test_a_lost_connection_that_nobody_has_translated_is_waited_for() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    with poison(1, ConnectionResetError("gone")), pytest.raises(DependencyDown, match="ConnectionResetError"):
        await house.work()
    assert await house.all_letters() == []
    assert (await house.work()).folded == 2


async def test_an_event_that_takes_longer_than_a_step_may_blocks_nobody() -> None:
    house = House()
    await house.send(*[quiz(number) for number in range(1, 12)], quiz(12, student="bob"))
    consumer = house.log.consumer(GROUP)
    worker = Worker(house.processor(consumer), consumer, house.clock, 100)
    stop, fold = asyncio.Event(), cast("Any", LearnerState.fold)

    def slow(state: LearnerState, event: Event, *rest: Any) -> None:
        if event.event_id == event_id(5):
            house.clock.ms += round(STEP_DEADLINE_SECONDS * 1_000) + 1
        fold(state, event, *rest)

    polled = consumer.poll

    async def poll(limit: int, wait_seconds: float = 0.0) -> Any:
        records = await polled(limit, wait_seconds)
        if not records:
            stop.set()
        return records

    with (
        patch.object(LearnerState, "fold", slow),
        patch.object(consumer, "poll", poll),
        structlog.testing.capture_logs() as logs,
    ):
        await worker.run(stop)
    assert (worker.total.folded, worker.total.timed_out, worker.waiting_for) == (11, 1, None)
    letter = (await house.all_letters())[0]
    assert (letter.event_id, letter.kind, letter.attempts) == (event_id(5), "timeout", ATTEMPTS)
    assert worker.errors["timeout"] >= ATTEMPTS - 1
    assert {(log["event"], log.get("kind")) for log in logs} == {
        ("processing waits", "timeout"),
        ("processing goes on", None),
        ("event given up", "timeout"),
    }
    assert (await house.document()).state.events == 10


async def test_the_document_survives_a_round_trip_through_every_fault_above() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    with poison(2):
        await house.work()
    document = await house.document()
    entry = await house.entry(KEY)
    assert entry is not None
    assert encode_document(document) == entry.value
