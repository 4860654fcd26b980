"""The command line in this process, on a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.main import run
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.keys import DEFAULT_TENANT
from mastery_engine.ports import NewRecord
from tests.cli.remote import serving


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Mastery = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MASTERY_HOME", str(folder))
    monkeypatch.delenv("MASTERY_TENANT", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def mastery(home: Path, capsys: pytest.CaptureFixture[str]) -> Mastery:
    del home

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(one) for one in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def server(school: Mastery) -> Iterator[str]:
    """The address of a service on the files of a test's own `school`."""
    del school
    with serving() as url:
        yield url


def quiz(number: int, **changes: object) -> dict[str, Any]:
    """A good quiz of yesterday; each number has an id of its own."""
    yesterday = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    event = {
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "event_type": "quiz.performance.submitted",
        "timestamp": yesterday.isoformat(),
        "student_id": "ada-01",
        "source": "test",
        "course_id": "algebra",
        "quiz_id": f"quiz-{number}",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 60.0,
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def write_lines(path: Path, *events: dict[str, Any] | bytes) -> Path:
    lines = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def put_into_log(*events: dict[str, Any]) -> None:
    """Append events past every door, as an agent does that speaks to the log itself; the next intake folds them."""

    async def append() -> None:
        async with open_engine(load_settings()) as engine:
            await engine.adapters.log.append(
                [
                    NewRecord(
                        keys.learner(DEFAULT_TENANT, one["student_id"]).encode(), json.dumps(one).encode()
                    )
                    for one in events
                ]
            )

    asyncio.run(append())


def make_a_dead_letter(mastery: Mastery, **changes: object) -> None:
    """Fold a quiz, and another one under its id, which becomes the letter."""
    put_into_log(quiz(1), quiz(1, **({"correct_answers": 1} | changes)))
    assert mastery("ingest", os.devnull).code == 3


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()
