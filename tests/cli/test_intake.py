"""Taking in beside a process that folds already."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.taking import take_all
from mastery_engine.config import load_settings
from mastery_engine.contracts.event_json import event_from
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.learner import MAX_COURSES
from tests.cli.conftest import Mastery, quiz, write_lines


@pytest.mark.usefixtures("home")
async def test_events_are_appended_and_waited_for_where_another_process_folds() -> None:
    said: list[str] = []
    settings = load_settings()
    async with AsyncExitStack() as stack:
        folding = await stack.enter_async_context(open_engine(settings))
        sending = await stack.enter_async_context(open_engine(settings))
        worker = await stack.enter_async_context(folding.folding())
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        async with sending.intake().open(waits=said.append) as taking:
            receipts = await taking.take([event_from(quiz(number)) for number in range(5)])
            assert not taking.folds_here
        stop.set()
        await running
        assert worker.total.folded == 5
        assert all(receipt.position is not None for receipt in receipts)
    assert len(said) == 1
    assert "already folds" in said[0]


@pytest.mark.usefixtures("home")
async def test_it_takes_over_when_whoever_folds_has_ended() -> None:
    settings = load_settings()
    async with open_engine(settings) as engine:
        lock = FoldingLock(settings.database_folder)
        lock.acquire()
        # Whoever holds the lock ends while this one looks whether its events are folded.
        async with engine.intake().open(waits=lambda _: None) as taking:
            await taking.take([event_from(quiz(1))])
            assert not taking.folds_here
            lock.release()
        assert taking.folds_here
        assert taking.total.folded == 1


def test_what_an_interrupted_run_left_in_the_log_is_folded_by_the_next(
    mastery: Mastery, home: Path, tmp_path: Path
) -> None:
    async def append() -> None:
        async with open_engine(load_settings()) as engine:
            await engine.ingest.take_events([event_from(quiz(1))])

    assert mastery("tenant", "create", "other").code == 0
    asyncio.run(append())
    assert "1 events wait" in mastery("doctor").out
    done = mastery("ingest", write_lines(tmp_path / "events.jsonl", quiz(1), quiz(2)), "--json").data
    assert (done["already"], done["accepted"], done["folded"]) == (1, 1, 2)
    assert home.is_dir()


@pytest.mark.usefixtures("home")
async def test_dead_letters_of_another_process_that_folds_are_told_by_number_and_exit_code() -> None:
    settings = load_settings()
    courses = [quiz(number, course_id=f"course-{number}") for number in range(MAX_COURSES + 1)]
    async with AsyncExitStack() as stack:
        folding = await stack.enter_async_context(open_engine(settings))
        sending = await stack.enter_async_context(open_engine(settings))
        worker = await stack.enter_async_context(folding.folding())
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        meter = stack.enter_context(Meter("test", None))
        events: list[LearningEvent | InvalidInput] = [event_from(one) for one in courses]
        report = await take_all(sending, [(events, 1)], meter)
        again = await take_all(sending, [([event_from(quiz(999, course_id="course-1"))], 1)], meter)
        stop.set()
        await running
    assert (report.accepted, report.dead_letters, report.folded_by_another) == (201, 1, True)
    assert report.code == 3
    assert "it refused 1 of them\n" in report.sentence()
    assert "mastery dlq list" in report.sentence()
    assert (again.dead_letters, again.code) == (0, 0)
