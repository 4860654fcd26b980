"""Real processes that fold for their parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.folding_messages import Failed, begin, begun, error_of, failure, heard, told
from mastery_engine.bootstrap.folding_process import folding_apart
from mastery_engine.config import Settings, load_settings
from mastery_engine.domain.errors import Conflict, DependencyDown, MasteryError
from mastery_engine.engine.step import StepLate, StepReport
from mastery_engine.ports import Share
from tests.unit.engine.house import quiz

WAIT_SECONDS = 60
PARENT = """
    import asyncio, sys
    from pathlib import Path
    from mastery_engine.bootstrap.folding_process import folding_apart
    from mastery_engine.config import Settings

    async def main():
        async with folding_apart(Settings(home=Path(sys.argv[1])), 100) as folding:
            print(*(one.pid for one in folding.processes), flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


def today() -> str:
    return f"{datetime.now(UTC).date()}T00:00:00"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", pseudonym_key="a key of thirty-two bytes or more")


async def test_they_fold_what_lies_in_the_log_and_tell_of_each_step(settings: Settings) -> None:
    students = [f"student-{number}" for number in range(12)]
    async with open_engine(settings) as engine:
        first = [quiz(place, 8, today(), student=one) for place, one in enumerate(students, 1)]
        await engine.ingest.take_events(first)
        assert sum(end > 0 for end in (await engine.adapters.log.ends()).values()) > 1
        steps: list[StepReport] = []
        async with engine.folding_apart(100) as folding:
            total = await folding.drain(steps.append)
            await engine.ingest.take_events([quiz(13, 8, today()), first[0]])
            again = await folding.drain()
        assert (total.folded, sum(step.polled for step in steps)) == (12, 12)
        assert (again.folded, again.repeats) == (13, 1)
        async with engine.folding() as worker:
            assert (await worker.drain()).polled == 0


async def test_while_they_fold_nobody_else_may(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        async with engine.folding_apart():
            with pytest.raises(Conflict, match="already folds the events"):
                async with engine.folding():
                    pass
            with pytest.raises(Conflict, match="already folds the events"):
                async with engine.folding_apart():
                    pass
        async with engine.folding():
            pass


async def test_that_one_was_killed_is_told_and_nothing_is_lost(settings: Settings) -> None:
    async with open_engine(settings) as engine:
        await engine.ingest.take_events([quiz(1, 8, today())])
        async with folding_apart(settings, 100) as folding:
            for one in folding.processes:
                os.kill(one.pid, signal.SIGKILL)
            with pytest.raises(MasteryError, match=r"ended with status -9; nothing is lost: run the same"):
                await folding.drain()
        async with folding_apart(settings, 100, processes=1) as folding:
            assert (await folding.drain()).folded == 1


def test_they_end_with_their_parent_however_that_ends(settings: Settings) -> None:
    settings.home.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        numbers = [int(one) for one in parent.stdout.readline().split()]
        assert len(numbers) == 2
        # A pidfd can be waited for by whoever is not the parent.
        descriptors = [os.pidfd_open(number) for number in numbers]
        parent.kill()
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], WAIT_SECONDS)[0]
        os.close(descriptor)


async def test_ctrl_c_is_for_the_parent_alone(settings: Settings) -> None:
    async with folding_apart(settings, 100) as folding:
        assert os.getpgid(0) not in {os.getpgid(one.pid) for one in folding.processes}


async def test_an_error_of_opening_is_the_parents_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = settings.model_copy(update={"home": tmp_path / "file" / "home"})
    with pytest.raises(MasteryError, match="cannot be"):
        async with folding_apart(wrong, 100):
            pass


def test_settings_reach_it_whole_with_their_secrets(settings: Settings) -> None:
    assert begun(begin(settings, 7, Share(1, 2))) == (settings, 7, Share(1, 2))


@pytest.mark.parametrize("kind", [DependencyDown, Conflict, StepLate])
def test_errors_keep_their_kind_on_the_way(kind: type[MasteryError]) -> None:
    answer = heard(told(failure(kind("the disk is full"))))
    assert isinstance(answer, Failed)
    error = error_of(answer)
    assert (type(error), error.message) == (kind, "the disk is full")
    assert type(error_of(Failed("Unheard", "of"))) is MasteryError
