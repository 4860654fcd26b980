"""Events that come twice, late, shuffled or too often count as the guarantees say."""

from __future__ import annotations

import random

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import Event
from mastery_engine.engine.differences import differences
from tests.faults.meddling import Failing, Holding, down
from tests.unit.engine.house import House, completion, quiz, visit

KEY = keys.document("default", "ann")


async def test_an_event_sent_twice_near_by_counts_once() -> None:
    house = House()
    await house.send(quiz(1), quiz(1))
    report = await house.work()
    assert (report.polled, report.folded, report.repeats) == (2, 1, 1)
    assert (await house.document()).state.events == 1
    assert len(house.outputs()) == 1


async def test_an_event_sent_again_far_away_and_elsewhere_counts_once() -> None:
    house = House(partitions=6)
    await house.send(quiz(1))
    await house.work()
    for number in range(2, 30):
        await house.send(quiz(number))
        await house.work()
    for key in "abcdefgh":
        await house.send(quiz(1), key=key)
    report = await house.work()
    assert (report.folded, report.repeats) == (0, 8)
    assert (await house.document()).state.events == 29


async def test_shuffled_events_end_in_the_same_state() -> None:
    events: list[Event] = [quiz(n, n % 11, f"2024-03-{1 + n % 9:02}T10:00:00") for n in range(1, 20)]
    events += [completion(n, n % 11, f"2024-02-{1 + n % 28:02}T10:00:00") for n in range(20, 40)]
    events += [visit(n, f"2024-01-{n - 20}T10:00:00") for n in range(40, 50)]
    one, other = House(), House()
    await one.send(*events)
    await one.work()
    random.Random(7).shuffle(events)
    for event in events:
        await other.send(event)
        await other.work()
    assert list(differences((await one.document()).state, (await other.document()).state)) == []


async def test_where_somebody_else_archives_all_outcomes_are_marked_at_once() -> None:
    house = House()
    await house.send(quiz(1))
    with pytest.raises(DependencyDown):
        await house.work(results=Failing(house.results, "publish", down()), archive=None)
    await house.send(quiz(2))
    await house.work(consumer=Holding("topic", await house.log.read(0, 1, 1)), archive=None)
    assert await house.processed(quiz(1)) is not None
    assert await house.archive.of_student("default", "ann") == []


async def test_a_redelivered_batch_changes_nothing_and_sends_nothing_again() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    await house.work()
    before = await house.entry(KEY)
    report = await house.work(consumer=house.log.consumer("another group"))
    assert (report.folded, report.repeats) == (0, 2)
    assert await house.entry(KEY) == before
    assert len(house.outputs()) == 2


async def test_too_many_courses_is_the_senders_error_once_and_for_all() -> None:
    house = House()
    await house.send(
        *[quiz(n, course=f"c{n}") for n in range(1, 201)],
        quiz(300, course="one-more"),
        quiz(300, course="one-more"),
    )
    report = await house.work()
    assert (report.folded, report.refused) == (200, 2)
    letters = await house.all_letters()
    assert {letter.reason for letter in letters} == {"too_many_courses"}
    assert all("at most 200 courses" in letter.message for letter in letters)
    assert {letter.payload for letter in letters} == {encode_event(quiz(300, course="one-more"))}
    again = await house.work(consumer=house.log.consumer("again"))
    assert (again.folded, again.repeats) == (0, 202)
    assert len(await house.archive.of_student("default", "ann")) == 200
    assert len(await house.all_letters()) == 2
