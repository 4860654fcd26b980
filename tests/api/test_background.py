"""What the service does beside answering: watched, started again, and ended in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from mastery_engine.api import background as module
from mastery_engine.api.app import create_app
from mastery_engine.api.background import ENDED, SETTLED_SECONDS, Task, background
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.access import Caller
from tests.api.school import StillClock, client_of, served, trial_settings


class Clock(StillClock):
    """A clock whose sleeps can be watched, and held up."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps: list[float] = []
        self.most = 1 << 30

    async def sleep(self, seconds: float) -> None:
        if len(self.sleeps) == self.most:
            await asyncio.Event().wait()
        self.sleeps.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def engine(clock: Clock) -> AsyncGenerator[Engine]:
    async with open_engine(trial_settings(), clock) as opened:
        yield opened


async def until_stopped(engine: Engine, stop: asyncio.Event) -> None:
    del engine
    await stop.wait()


async def steps(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_task_runs_until_the_service_ends_and_finishes_what_is_under_way(engine: Engine) -> None:
    told: list[str] = []

    async def run(engine: Engine, stop: asyncio.Event) -> None:
        del engine
        await stop.wait()
        await asyncio.sleep(0)
        told.append("finished")

    async with background(engine, [Task("one", run)]) as tasks:
        await steps()
        assert (told, tasks["one"]()) == ([], None)
    assert told == ["finished"]


async def test_one_that_fails_is_logged_without_its_words_and_runs_again_after_longer_and_longer_pauses(
    engine: Engine, clock: Clock
) -> None:
    clock.most = 8

    async def run(engine: Engine, stop: asyncio.Event) -> None:
        del engine, stop
        words = "amal"
        raise ValueError(words)

    with structlog.testing.capture_logs() as logs:
        async with background(engine, [Task("one", run), Task("two", until_stopped)]) as tasks:
            await steps(100)
            assert (tasks["one"](), tasks["two"]()) == ("ValueError", None)
    assert clock.sleeps == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert {(log["event"], log["task"], log["error"]) for log in logs} == {
        ("a task of the service has failed unexpectedly", "one", "ValueError")
    }
    assert "amal" not in str(logs)


async def test_what_is_down_is_told_until_the_task_has_run_for_a_while_without_an_error(
    engine: Engine, clock: Clock
) -> None:
    down = [True, True]

    async def run(engine: Engine, stop: asyncio.Event) -> None:
        del engine
        if down:
            down.pop()
            raise DependencyDown("nobody there")
        await stop.wait()

    async with background(engine, [Task("one", run)]) as tasks:
        await steps(40)
        assert not down
        assert tasks["one"]() == "nobody there"
        await clock.sleep(SETTLED_SECONDS)
        assert tasks["one"]() is None


async def test_one_that_ends_by_itself_is_told_and_runs_again(engine: Engine, clock: Clock) -> None:
    clock.most = 3
    runs: list[int] = []

    async def run(engine: Engine, stop: asyncio.Event) -> None:
        del engine, stop
        runs.append(1)

    async with background(engine, [Task("one", run)]) as tasks:
        await steps(40)
        assert tasks["one"]() == ENDED
    assert len(runs) == 4


async def test_one_that_does_not_end_in_time_is_cancelled(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)

    async def run(engine: Engine, stop: asyncio.Event) -> None:
        del engine, stop
        await asyncio.Event().wait()

    with structlog.testing.capture_logs() as logs:
        async with background(engine, [Task("one", run)]):
            await steps()
    assert [log["task"] for log in logs] == ["background one"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_erasure_that_waits_for_other_writers_holds_up_no_end_and_is_gone_on_with(
    engine: Engine, clock: Clock
) -> None:
    caller = Caller(tenant_id="default", subject="head", role="admin", request_id="1")
    await engine.erasures.ask(caller, "amal")
    requests = engine.adapters.privacy_requests
    clock.most = 0
    with structlog.testing.capture_logs() as logs:
        async with background(engine):
            await steps(200)
            (waiting,) = await requests.find(kind="erasure", state="open", limit=1)
            assert waiting.progress["step"] == "wait"
    assert not logs
    clock.most = 1 << 30
    async with engine.eraser() as eraser:
        assert await eraser.run_once() == 1


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ("development", "no /srv/there"),
        ("production", "is degraded; the log of the service tells why"),
    ],
)
async def test_ready_tells_a_task_that_fails_as_degraded_and_the_service_stays_ready(
    engine: Engine, env: str, told: str
) -> None:
    troubles = {"jobs": lambda: "no /srv/there", "erasures": lambda: None}
    engine = replace(engine, settings=trial_settings(env=env))
    app = create_app(engine.settings, engine, None, troubles)
    async with served(app) as asgi, client_of(asgi) as http:
        with capture_logs() as lines:
            answers = [await http.get("/ready") for _ in range(2)]
    answer = answers[-1]
    assert answer.status_code == 200
    by_name = {one["name"]: one for one in answer.json()["data"]["dependencies"]}
    assert by_name["jobs"]["reason"] == told
    assert by_name["jobs"]["since"] == answers[0].json()["data"]["dependencies"][-2]["since"]
    assert by_name["erasures"] == {"name": "erasures", "status": "up"}
    # Once, and not whenever somebody asks.
    assert [one["reason"] for one in lines if one["event"] == "degraded"] == ["no /srv/there"]
    known = {one["name"]: one["status"] for one in answer.json()["data"]["dependencies"]}
    assert (known["jobs"], known["erasures"]) == ("degraded", "up")
