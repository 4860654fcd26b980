"""What does not answer is waited for: nothing is blamed on an event, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown, MasteryError
from mastery_engine.engine.step import STEP_DEADLINE_SECONDS, StepLate
from mastery_engine.engine.work import LONGEST_WAIT_SECONDS, Worker
from tests.faults.meddling import Failing, Meddling, down
from tests.unit.engine.house import GROUP, House, quiz

KEY = keys.document("default", "ann")


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("store", "get_many"),
        ("store", "write_many"),
        ("archive", "add"),
        ("results", "publish"),
        ("dead_letters", "add"),
    ],
)
async def test_a_silent_dependency_pauses_the_work_and_nothing_goes_to_the_dead_letters(
    port: str, method: str
) -> None:
    house = House()
    await house.send(quiz(1), b"{broken")
    real = {
        "store": house.store,
        "archive": house.archive,
        "results": house.results,
        "dead_letters": house.letters,
    }
    failing = Failing(real[port], method, *[down() for _ in range(9)])
    consumer = house.log.consumer(GROUP)
    worker = Worker(house.processor(consumer, **{port: failing}), consumer, house.clock, 100)
    stop = asyncio.Event()
    waits: list[str | None] = []

    def sleeping() -> None:
        waits.append(worker.waiting_for)
        if not failing.errors and worker.total.polled:
            stop.set()

    with structlog.testing.capture_logs() as logs:
        await _run(worker, house, stop, sleeping)
    assert "the test has pulled the plug" in waits
    assert worker.waiting_for is None
    assert [log["event"] for log in logs] == ["processing waits", "processing goes on"]
    assert house.clock.slept[:9] == [
        0.2,
        0.4,
        0.8,
        1.6,
        3.2,
        6.4,
        LONGEST_WAIT_SECONDS,
        LONGEST_WAIT_SECONDS,
        10.0,
    ]
    assert [letter.reason for letter in await house.all_letters()] == ["not_json"]
    assert (await house.document()).state.events == 1
    assert await house.log.consumer(GROUP).committed() == {0: 2}


async def _run(worker: Worker, house: House, stop: asyncio.Event, sleeping: Callable[[], None]) -> None:
    sleep = house.clock.sleep

    async def told(seconds: float) -> None:
        sleeping()
        await sleep(seconds)

    with patch.object(house.clock, "sleep", told):
        await worker.run(stop)


async def test_a_worker_told_to_stop_while_it_waits_stops_at_once() -> None:
    house = House()
    await house.send(quiz(1))
    consumer = house.log.consumer(GROUP)
    store = Failing(house.store, "get_many", *[down() for _ in range(9)])
    worker = Worker(house.processor(consumer, store=store), consumer, house.clock, 100)
    stop = asyncio.Event()

    async def forever(seconds: float) -> None:
        del seconds
        stop.set()
        await asyncio.Event().wait()

    with patch.object(house.clock, "sleep", forever), structlog.testing.capture_logs():
        await worker.run(stop)
    assert worker.waiting_for == "the test has pulled the plug"


async def test_a_log_that_is_down_at_the_rewind_too_is_waited_for() -> None:
    house = House()
    await house.send(quiz(1))
    consumer: Any = Failing(house.log.consumer(GROUP), "rewind", down())
    store = Failing(house.store, "get_many", DependencyDown("the store"))
    worker = Worker(house.processor(consumer, store=store), consumer, house.clock, 100)
    stop = asyncio.Event()
    reasons: list[str | None] = []

    def sleeping() -> None:
        reasons.append(worker.waiting_for)
        if not consumer.errors:
            stop.set()

    with structlog.testing.capture_logs():
        await _run(worker, house, stop, sleeping)
    assert reasons[0] == "the store"


async def test_draining_with_a_silent_store_is_an_error() -> None:
    house = House()
    await house.send(quiz(1))
    consumer = house.log.consumer(GROUP)
    worker = Worker(
        house.processor(consumer, store=Failing(house.store, "get_many", down())), consumer, house.clock, 9
    )
    with pytest.raises(DependencyDown):
        await worker.drain()


async def test_draining_tells_of_every_step_and_adds_them_up() -> None:
    house = House()
    await house.send(quiz(1), quiz(2), quiz(3))
    consumer = house.log.consumer(GROUP)
    worker = Worker(house.processor(consumer), consumer, house.clock, 2)
    told: list[int] = []
    total = await worker.drain(lambda report: told.append(report.polled))
    assert told == [2, 1]
    assert (total.polled, total.folded) == (3, 3)


async def test_a_step_past_its_deadline_writes_nothing_more_and_starts_over() -> None:
    house = House()
    await house.send(quiz(1))

    async def time_passes() -> None:
        house.clock.ms += int(STEP_DEADLINE_SECONDS * 1_000) + 1

    store = Meddling(house.store, "get_many", 2, time_passes)
    with pytest.raises(StepLate, match="30 s"):
        await house.work(store=store)
    assert await house.entry(KEY) is None
    assert (await house.work()).folded == 1


async def test_an_error_of_a_setting_stops_the_work_and_blames_no_event() -> None:
    house = House()
    await house.send(quiz(1))
    with pytest.raises(MasteryError, match="no setting"):
        await house.work(store=Failing(house.store, "write_many", MasteryError("no setting")))
    assert await house.all_letters() == []


async def test_complete_sends_what_a_document_still_owes() -> None:
    house = House()
    await house.send(quiz(1))
    with pytest.raises(DependencyDown):
        await house.work(results=Failing(house.results, "publish", down()))
    assert await house.processor().complete("topic") == 0
    assert await house.processor().complete() == 1
    assert await house.processor().complete() == 0
    assert len(house.outputs()) == 1
