"""Real processes that rebuild students for their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap import replaying as module
from mastery_engine.bootstrap.replay_parts import TopicCopy
from mastery_engine.bootstrap.replaying import replay_all
from mastery_engine.bootstrap.replaying_messages import Replayed, begin, begun, heard, told
from mastery_engine.bootstrap.replaying_process import MODULE, ReplayingProcess, replaying_apart
from mastery_engine.config import Settings, load_settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.held import Held
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.replay_report import ReplayReport, TopicRead
from mastery_engine.engine.replay_run import Slice
from mastery_engine.ports import Write
from tests.unit.engine.house import quiz
from tests.unit.engine.watching import Watching

DRY, SWITCH = Wanted(switch=False), Wanted(switch=True)
STUDENTS = [f"student-{number:03}" for number in range(230)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", pseudonym_key="a key of thirty-two bytes or more")


@asynccontextmanager
async def spoiled(settings: Settings) -> AsyncGenerator[Engine]:
    """Every tenth student's document is lost, and every tenth and first's is damaged."""
    when = f"{datetime.now(UTC).date()}T00:00:00"
    async with open_engine(settings) as engine:
        await engine.ingest.take_events(
            [quiz(number, number % 11, when, student=one) for number, one in enumerate(STUDENTS * 2)]
        )
        async with engine.folding() as worker:
            await worker.drain()
        lost = [Write(keys.document("default", one), None) for one in STUDENTS[::10]]
        damaged = [Write(keys.document("default", one), b"\xff rubbish") for one in STUDENTS[1::10]]
        await engine.adapters.store.write_many(lost + damaged)
        yield engine


async def test_the_report_is_the_same_for_any_number_of_processes(settings: Settings) -> None:
    async with spoiled(settings) as engine:
        watcher = Watching()
        dry = [
            await replay_all(engine, DEFAULT, DRY, workers=workers, watcher=watcher) for workers in (1, 2, 3)
        ]
        assert dry[0] == dry[1] == dry[2]
        assert (dry[0].students, dry[0].events, dry[0].equal) == (230, 460, 184)
        assert (dry[0].missing, len(dry[0].different), dry[0].switched) == (23, 23, 0)
        assert len(watcher.told) == 9
        assert sum(students for students, _, _ in watcher.told) == 3 * 230
        assert {total for _, _, total in watcher.told} == {230}
        switched = await replay_all(engine, DEFAULT, SWITCH, workers=2)
        assert (switched.switched, switched.different) == (46, dry[0].different)
        again = await replay_all(engine, DEFAULT, DRY, workers=2)
        assert (again.equal, again.different) == (230, {})


async def test_that_one_was_killed_is_told_and_the_others_are_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[ReplayingProcess] = []

    @asynccontextmanager
    async def one_is_killed(
        settings: Settings, copy: TopicCopy | None, processes: int
    ) -> AsyncGenerator[list[ReplayingProcess]]:
        async with replaying_apart(settings, copy, processes) as started[:]:
            os.kill(started[0].pid, signal.SIGKILL)
            yield started

    monkeypatch.setattr(module, "replaying_apart", one_is_killed)
    async with spoiled(settings) as engine:
        with pytest.raises(MasteryError, match=r"ended with status -9, so not every student was looked at"):
            await replay_all(engine, DEFAULT, SWITCH, workers=2)
        assert len(started) == 2
        for one in started:
            with pytest.raises(ProcessLookupError):
                os.kill(one.pid, 0)
        monkeypatch.undo()
        report = await replay_all(engine, DEFAULT, SWITCH, workers=2, resume=True)
        assert (report.students, report.switched) == (230, 46)
        assert (await replay_all(engine, DEFAULT, DRY)).equal == 230


async def test_ctrl_c_is_for_the_parent_alone(settings: Settings) -> None:
    async with replaying_apart(settings, None, 2) as started:
        assert os.getpgid(0) not in {os.getpgid(one.pid) for one in started}


def test_one_whose_parent_has_gone_before_it_said_anything_ends_in_silence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", MODULE], input=b"{", capture_output=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


async def test_an_error_of_opening_is_the_parents_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = settings.model_copy(update={"home": tmp_path / "file" / "home"})
    with pytest.raises(MasteryError, match="cannot be"):
        async with replaying_apart(wrong, None, 2):
            pass


async def test_an_error_of_rebuilding_is_the_parents_error(settings: Settings) -> None:
    async with replaying_apart(settings, None, 1) as (process,):
        with pytest.raises(MasteryError, match="no tenant 'nowhere'"):
            await process.rebuild(Slice("nowhere", "run", 0, ["ann"], switch=False))


async def test_a_home_in_memory_is_replayed_where_it_is() -> None:
    settings = load_settings(home="no-such-home", store_url="memory://", archive_url="", formulas=None)
    async with spoiled(settings) as engine:
        report = await replay_all(engine, DEFAULT, SWITCH, workers=4)
        assert (report.students, report.switched) == (230, 46)


def test_settings_and_reports_reach_the_other_side_whole(settings: Settings) -> None:
    held = Held(topic_id="topic", ends={0: 3, 5: 7}, whole_since_ms=1, is_final=True)
    copy = TopicCopy("folder", held, TopicRead(kept=3))
    assert begun(begin(settings, copy)) == (settings, copy)
    assert begun(begin(settings, None)) == (settings, None)
    report = ReplayReport(students=3, different={"ann": ["counts"]}, behind=["bob"])
    assert heard(told(Replayed(report))) == Replayed(report)
