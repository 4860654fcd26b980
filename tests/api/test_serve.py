"""API and worker in one process: served together, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import cast

import httpx2
import pytest
import structlog
from pydantic import SecretStr

from mastery_engine.api.listening import listening
from mastery_engine.api.serve import Supervised, serve
from mastery_engine.config import Settings
from mastery_engine.domain.errors import ConfigurationError, Conflict
from mastery_engine.engine.work import Waiting, Worker
from tests.api.school import SECRET, quiz, trial_settings

RUN = """
import asyncio, sys
from mastery_engine.api.serve import serve
from mastery_engine.config import load_settings
settings = load_settings(store_url="memory://", home="no-such-home")
sys.exit(asyncio.run(serve(settings, port=0)))
"""


class Served:
    """A service that runs in this loop until its test is over."""

    def __init__(self, settings: Settings, host: str = "127.0.0.1") -> None:
        self.lines: list[str] = []
        self._told = asyncio.Event()
        self.task = asyncio.create_task(serve(settings, host, 0, announce=self._announce))

    def _announce(self, line: str) -> None:
        self.lines.append(line)
        self._told.set()

    async def url(self) -> str:
        told = asyncio.create_task(self._told.wait())
        await asyncio.wait({told, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self.task.result()
        return re.findall(r"http://\S+", self.lines[0])[0]


@pytest.fixture(autouse=True)
def logs_as_before() -> Generator[None]:
    """A service sets up the logs of its process, and here that is everybody's."""
    yield
    structlog.reset_defaults()


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Served]:
    service = Served(settings)
    try:
        await service.url()
        yield service
    finally:
        if not service.task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await service.task


async def test_an_event_that_is_sent_is_folded_and_seen_through_one_process() -> None:
    async with running(trial_settings(jwt_secret=None)) as service:
        url = await service.url()
        token = re.findall(r"TOKEN=(\S+)", service.lines[1])[0]
        bearer = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=url, headers=bearer) as http:
            now = (await http.get("/")).json()["meta"]["timestamp"]
            sent = await http.post("/api/v1/mastery/ingest", json=quiz(timestamp=now))
            position = {"X-Mastery-Position": sent.json()["data"]["position"]}
            seen = await http.post("/api/v1/mastery/query", json={"student_id": "amal"}, headers=position)
            ready = await http.get("/ready")
    assert seen.status_code == 200
    assert seen.json()["data"]["events"] == 1
    assert ready.status_code == 200
    assert "server" not in seen.headers
    assert service.task.result() == 0


def test_answers_leave_at_once_and_do_not_wait_for_an_acknowledgement() -> None:
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_with_a_secret_no_token_is_shown() -> None:
    async with running(trial_settings()) as service:
        pass
    assert len(service.lines) == 1
    assert SECRET not in str(service.lines)


async def test_production_without_the_sidecars_token_says_that_its_doors_are_closed() -> None:
    async with running(trial_settings(env="production")) as closed:
        pass
    assert "MASTERY_DAPR_APP_TOKEN" in closed.lines[1]
    token = SecretStr("a token of the tests, of 32 bytes")
    async with running(trial_settings(env="production", dapr_app_token=token)) as opened:
        pass
    assert len(opened.lines) == 1


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_order_with_exit_code_0(one: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", RUN], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stderr is not None
    with process:
        first = process.stderr.readline()
        process.send_signal(one)
        rest = process.stderr.read()
        assert process.wait() == 0, rest
    assert "serving http://127.0.0.1:" in first
    assert "Traceback" not in rest


async def test_a_request_under_way_is_answered_before_the_end() -> None:
    async with running(trial_settings(jwt_secret=None)) as service:
        host, port = (await service.url()).removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        token = re.findall(r"TOKEN=(\S+)", service.lines[1])[0]
        body = b'{"components": {"quiz": 1.0}}'
        head = (
            f"POST /api/v1/mastery/calculate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            "Expect: 100-continue\r\n\r\n"
        )
        writer.write(head.encode())
        assert b"100 Continue" in await reader.readline()
        await reader.readline()
        os.kill(os.getpid(), signal.SIGTERM)
        writer.write(body)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert service.task.result() == 0


async def test_a_worker_that_dies_ends_the_service_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    die = asyncio.Event()

    async def run(*_: object) -> None:
        await die.wait()
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(Worker, "run", run)
    async with running(trial_settings()) as service:
        die.set()
        assert await service.task == 1


async def test_a_worker_that_ends_without_being_told_to_is_as_good_as_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run(*_: object) -> None:
        return

    monkeypatch.setattr(Worker, "run", run)
    service = Served(trial_settings())
    assert await service.task == 1


async def test_a_dead_worker_is_told_before_the_process_has_ended() -> None:
    class Dead:
        waiting = Waiting("the store", 7)

        async def run(self, stop: asyncio.Event) -> None:
            await stop.wait()

    stop = asyncio.Event()
    run = Supervised(cast("Worker", Dead()), stop)
    assert run.trouble() == Waiting("the store", 7)
    stop.set()
    await run.task
    assert run.trouble() == Waiting("has ended")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.invalid"])  # noqa: S104 - it must be refused
async def test_without_a_secret_nobody_listens_beyond_this_machine(host: str) -> None:
    with pytest.raises(ConfigurationError, match="MASTERY_JWT_SECRET"):
        await serve(trial_settings(jwt_secret=None), host, 0)


async def test_production_does_not_start_without_a_secret() -> None:
    with pytest.raises(ConfigurationError, match="required in production"):
        await serve(trial_settings(jwt_secret=None, env="production"), port=0)


async def test_production_does_not_start_with_a_secret_that_could_be_guessed() -> None:
    with pytest.raises(ConfigurationError, match="could be guessed"):
        await serve(trial_settings(jwt_secret=SecretStr("change-me" * 4), env="production"), port=0)


@pytest.mark.parametrize("env", ["development", "production"])
async def test_a_short_secret_does_not_start(env: str) -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        await serve(trial_settings(jwt_secret=SecretStr("x" * 31), env=env), port=0)


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError, match="--port"):
        await serve(trial_settings(), port=taken.getsockname()[1])


async def test_a_second_process_that_wants_to_fold_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.asynccontextmanager
    async def folding(*_: object) -> AsyncGenerator[Worker]:
        raise Conflict("the process 7 already folds the events of this home")
        yield

    monkeypatch.setattr("mastery_engine.bootstrap.Engine.folding", folding)
    lines: list[str] = []
    with pytest.raises(Conflict, match="process 7"):
        await serve(trial_settings(), port=0, announce=lines.append)
    assert not lines
