"""Waiting for what takes longer than an answer: of a real service, and of one that has its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from mastery_engine.client import AsyncClient, StillRunning, WorkFailed, calls
from mastery_engine.client.flow import Answer, Ask, Pause, Retries, Way
from mastery_engine.client.waiting import looking_at, wait
from mastery_engine.contracts.job_view import JobView
from mastery_engine.contracts.privacy_request import RequestView
from tests.api.school import School

JOB = JobView(
    job_id="0" * 32,
    kind="batch",
    state="queued",
    priority="normal",
    done=0,
    total=3,
    created="2026-03-02T10:00:00.000Z",
    finished=None,
    cancelled=False,
    error=None,
    message=None,
    replay=None,
)
REQUEST = RequestView(
    request_id="00000000-0000-4000-8000-000000000000",
    kind="erasure",
    state="open",
    subject="a-hash",
    asked_at="2026-03-02T10:00:00.000Z",
    asked_by="another",
    changed_at="2026-03-02T10:00:00.000Z",
    progress={"step": "mark"},
    report=None,
)


class Service:
    """Tells how work stands, and lets time pass while somebody pauses."""

    def __init__(self, *told: JobView | RequestView, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pauses: list[float] = []
        self.seen: list[Any] = []
        self.now = 0.0
        self._told: Sequence[JobView | RequestView] = told

    def wait(self, begun: Any = JOB, timeout_seconds: float | None = None) -> Any:
        coming = iter(self._told)
        way = Way("http://school.example", Retries(), lambda: 0.0)
        call: Any = looking_at(begun)
        flow: Generator[Any, Any, Any] = wait(way, call, lambda: self.now, timeout_seconds, self.seen.append)
        answer: Answer | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as ended:
                return ended.value
            answer = None
            if isinstance(step, Ask):
                answer = Answer(200, self.headers, msgspec.json.encode({"data": next(coming)}))
            else:
                assert isinstance(step, Pause)
                self.pauses.append(step.seconds)
                self.now += step.seconds


def changed(work: Any, **fields: object) -> Any:
    return msgspec.structs.replace(work, **fields)


def test_it_is_asked_for_ever_more_seldom_and_each_change_is_told_once() -> None:
    half, done = changed(JOB, state="running", done=1), changed(JOB, state="done", done=3)
    service = Service(JOB, JOB, half, half, done)
    assert service.wait() == done
    assert service.seen == [JOB, half, done]
    assert service.pauses == [0.125, 0.1875, 0.28125, 0.421875]


def test_a_pause_has_a_longest() -> None:
    service = Service(*[JOB] * 20, changed(JOB, state="done"))
    service.wait()
    assert service.pauses[-1] == 2.5


def test_what_the_service_asks_to_wait_is_waited() -> None:
    service = Service(JOB, changed(JOB, state="done"), retry_after="7")
    service.wait()
    assert service.pauses == [7.0]


def test_whoever_waits_no_longer_is_told_that_it_goes_on() -> None:
    service = Service(*[JOB] * 100)
    with pytest.raises(StillRunning, match="is not done after 2 s") as caught:
        service.wait(timeout_seconds=2.0)
    assert caught.value.work == JOB
    assert service.now == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (changed(JOB, state="failed", error="NOT_FOUND", message="no such school"), "no such school"),
        (changed(JOB, state="cancelled"), "was cancelled"),
        (changed(REQUEST, state="failed"), "see its report"),
    ],
)
def test_what_came_to_nothing_is_raised_with_how_it_stands(ended: Any, words: str) -> None:
    with pytest.raises(WorkFailed, match=words) as caught:
        Service(ended).wait(ended)
    assert caught.value.work == ended


def test_a_request_is_waited_for_like_a_job() -> None:
    done = changed(REQUEST, state="done", progress={}, report={"rows": 3})
    assert Service(REQUEST, done).wait(REQUEST) == done


def test_a_mere_id_is_that_of_a_job() -> None:
    assert looking_at("abc").path == "/api/v1/jobs/abc"


@pytest.fixture
def client(school: School) -> AsyncClient:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(school.app))
    return AsyncClient("http://school", school.token("head", "admin"), random=lambda: 0.0, http=http)


async def test_a_big_batch_and_a_replay_are_waited_for(school: School, client: AsyncClient) -> None:
    await school.teach("amal")
    batch = await client.send(calls.batch(["amal", *(f"student-{number}" for number in range(120))]))
    assert isinstance(batch, JobView)
    replay = await client.send(calls.replay(student_id="amal"))
    waiting = asyncio.gather(client.wait(batch), client.wait(replay.job_id, timeout_seconds=60.0))
    await school.engine.job_runner.drain()
    assert [one.state for one in await waiting] == ["done", "done"]
    results = [one async for one in client.items(calls.read_batch(batch.job_id))]
    assert len(results) == 121
    assert results[0].current is not None


async def test_an_erasure_is_waited_for_until_its_report_is_there(
    school: School, client: AsyncClient
) -> None:
    await school.teach("amal")
    asked = await client.send(calls.erase("amal"))
    seen: list[RequestView] = []
    waiting = asyncio.ensure_future(client.wait(asked, on_progress=seen.append))
    async with school.engine.eraser(0.0) as eraser:
        assert await eraser.run_once() == 1
    done = await waiting
    assert (done.state, seen[-1]) == ("done", done)
    assert done.report
