"""A real process that folds for its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.folding_messages import Failed, begin, begun, error_of, failure, heard, told
from mastery_engine.bootstrap.folding_process import folding_apart
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import Conflict, DependencyDown, MasteryError
from mastery_engine.engine.step import StepLate, StepReport
from tests.unit.engine.house import quiz

WAIT_SECONDS = 60
PARENT = """
    import asyncio, sys
    from pathlib import Path
    from mastery_engine.bootstrap.folding_process import folding_apart
    from mastery_engine.config import Settings

    async def main():
        async with folding_apart(Settings(home=Path(sys.argv[1])), 100):
            print("folding", flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


def today() -> str:
    return f"{datetime.now(UTC).date()}T00:00:00"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", pseudonym_key="a key of thirty-two bytes or more")


async def test_it_folds_what_lies_in_the_log_and_tells_of_each_step(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        await engine.ingest.take_events([quiz(number, 8, today()) for number in range(1, 6)])
        steps: list[StepReport] = []
        async with folding_apart(settings, 100) as folding:
            total = await folding.drain(steps.append)
            await engine.ingest.take_events([quiz(6, 8, today()), quiz(1, 8, today())])
            again = await folding.drain()
        assert (total.folded, sum(step.polled for step in steps)) == (5, 5)
        assert (again.folded, again.repeats) == (6, 1)
        async with engine.folding() as worker:
            assert (await worker.drain()).polled == 0


async def test_while_it_folds_nobody_else_may(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        async with folding_apart(settings, 100):
            with pytest.raises(Conflict, match="already folds the events"):
                async with engine.folding():
                    pass
            with pytest.raises(Conflict, match="already folds the events"):
                async with folding_apart(settings, 100):
                    pass
        async with engine.folding():
            pass


async def test_that_it_was_killed_is_told_and_nothing_is_lost(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        await engine.ingest.take_events([quiz(1, 8, today())])
        async with folding_apart(settings, 100) as folding:
            os.kill(folding.pid, signal.SIGKILL)
            with pytest.raises(MasteryError, match=r"ended with status -9; nothing is lost: run the same"):
                await folding.drain()
        async with folding_apart(settings, 100) as folding:
            assert (await folding.drain()).folded == 1


def test_it_ends_with_its_parent_however_that_ends(settings: Settings) -> None:
    settings.home.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"folding\n"
        parent.kill()
    # Held until the process that folds has ended too.
    with FileLock(settings.home / "folding.lock", timeout=WAIT_SECONDS):
        pass


async def test_ctrl_c_is_for_the_parent_alone(settings: Settings) -> None:
    async with folding_apart(settings, 100) as folding:
        assert os.getpgid(folding.pid) != os.getpgid(0)


async def test_an_error_of_opening_is_the_parents_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = settings.model_copy(update={"home": tmp_path / "file" / "home"})
    with pytest.raises(MasteryError, match="cannot be"):
        async with folding_apart(wrong, 100):
            pass


def test_settings_reach_it_whole_with_their_secrets(settings: Settings) -> None:
    assert begun(begin(settings, 7)) == (settings, 7)


@pytest.mark.parametrize("kind", [DependencyDown, Conflict, StepLate])
def test_errors_keep_their_kind_on_the_way(kind: type[MasteryError]) -> None:
    answer = heard(told(failure(kind("the disk is full"))))
    assert isinstance(answer, Failed)
    error = error_of(answer)
    assert (type(error), error.message) == (kind, "the disk is full")
    assert type(error_of(Failed("Unheard", "of"))) is MasteryError
