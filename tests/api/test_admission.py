"""No more at once than the process bears, and nobody for longer than a caller waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.api.admission import Doorkeeper, admission_of
from mastery_engine.api.asgi import App, Message, Receive, Scope, Send
from mastery_engine.api.lag import LoopLag
from tests.api.school import StillClock, quiz
from tests.api.test_limits import school_with

QUERY = {"student_id": "amal"}


class Gate(MemoryAuditTrail):
    """An audit trail that writes nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.waiting = 0

    async def append(self, entries: Any) -> None:
        self.waiting += 1
        await self.open.wait()
        await super().append(entries)


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what is waited for is no event of ours
        await asyncio.sleep(0)


async def test_a_caller_has_so_many_under_way_and_others_are_not_held_up() -> None:
    gate = Gate()
    async with school_with(most_requests_per_caller=2) as school:
        school.engine.access._audit = gate
        under_way = [asyncio.create_task(school.query(QUERY, "amal", "student")) for _ in range(2)]
        await until(lambda: gate.waiting == 2)
        refused = await school.query(QUERY, "amal", "student")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        other = asyncio.create_task(school.query(QUERY, "bo", "student"))
        await until(lambda: gate.waiting == 3)
        gate.open.set()
        assert [(await task).status_code for task in (*under_way, other)] == [404, 404, 404]
        assert (await school.query(QUERY, "amal", "student")).status_code == 404


async def test_what_is_too_much_is_refused_at_once_and_whoever_watches_is_answered() -> None:
    gate = Gate()
    async with school_with(most_requests=2) as school:
        school.engine.access._audit = gate
        under_way = [asyncio.create_task(school.query(QUERY, f"amal{number}")) for number in range(2)]
        await until(lambda: gate.waiting == 2)
        with capture_logs() as logs:
            refused = [await school.query(QUERY) for _ in range(5)]
        assert {(one.status_code, one.headers["Retry-After"]) for one in refused} == {(503, "1")}
        assert refused[0].json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert [line["event"] for line in logs].count("sheds load") == 1
        assert (await school.http.get("/health")).status_code == 200
        assert (await school.http.get("/ready")).status_code == 200
        gate.open.set()
        assert [(await task).status_code for task in under_way] == [404, 404]
        assert (await school.query(QUERY)).status_code == 404


def test_a_loop_that_is_late_time_after_time_is_too_late_and_one_long_step_is_not() -> None:
    lag = LoopLag(most_seconds=0.5)
    told = []
    for seconds in (0.0, 2.0, 0.0, 0.6, 0.7, 0.5):
        lag.note(seconds)
        told.append(lag.too_much)
    assert told == [False, False, False, False, True, False]


async def test_while_the_loop_is_too_late_no_more_than_a_few_are_let_in() -> None:
    lag = LoopLag(0.5)
    with lag.watched():
        lag.note(1.0)
        lag.note(1.0)
        assert (await answer_of(never, lag=lag, most=1))[0] == 503
        assert (await answer_of(answers, lag=lag, most=10))[0] == 204
    assert not lag.too_much


async def test_an_answer_that_is_late_is_given_for_it_and_the_work_goes_on_to_its_end() -> None:
    gate = Gate()
    async with school_with(request_seconds=0.02) as school:
        school.engine.access._audit = gate
        bearer = school.bearer("tutor", "service")
        sent = asyncio.create_task(school.post("ingest", quiz(), bearer))
        with capture_logs() as logs:
            await until(lambda: any(line["event"] == "request takes too long" for line in logs))
        gate.open.set()
        answer = await sent
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "may be sent again" in answer.json()["error"]["message"]
        assert sum((await school.engine.adapters.log.ends()).values()) == 1


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    await asyncio.Event().wait()


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def answer_of(
    app: App, seconds: float = 30.0, lag: LoopLag | None = None, most: int = 10
) -> tuple[int | None, bytes]:
    """Status and body that a caller sees of an application."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    state = {"request_id": "r"}
    application = FastAPI()
    application.state.clock = StillClock()
    scope: Scope = {"type": "http", "path": "/x", "headers": [], "state": state, "app": application}
    await Doorkeeper(app, most, seconds, lag or LoopLag(0.5))(scope, receive, send)
    status = next((one["status"] for one in sent if one["type"] == "http.response.start"), None)
    return status, b"".join(one.get("body", b"") for one in sent)


async def test_what_does_not_end_even_then_is_cut_off() -> None:
    with capture_logs() as logs:
        status, _ = await answer_of(never, seconds=0.01)
    assert status == 503
    assert [line["event"] for line in logs] == ["request takes too long", "request is cut off"]
    task = cast("asyncio.Task[None]", asyncio.current_task())
    assert task.cancelling() == 0


async def test_an_answer_that_has_begun_and_has_no_end_is_cut_off() -> None:
    async def begins(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await never(scope, receive, send)

    assert await answer_of(begins, seconds=0.01) == (200, b"a")


async def test_a_request_that_fails_after_its_time_is_no_second_answer() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        late = asyncio.Event()
        admission_of(Request(scope)).after(0.02, late.set)
        await late.wait()
        raise RuntimeError("nobody hears this")

    status, body = await answer_of(fails, seconds=0.01)
    assert status == 503
    assert b"nobody hears this" not in body


async def test_who_cancels_from_outside_is_obeyed() -> None:
    task = asyncio.create_task(answer_of(never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stream_takes_no_place_and_has_no_time_out() -> None:
    left: list[str] = []

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        admission = admission_of(Request(scope))
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, late.set)
        admission.on_leaving(lambda: left.append("place"))
        admission.stay()
        await late.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    assert await answer_of(streams, seconds=0.01) == (200, b"")
    assert left == ["place"]


async def test_a_place_is_given_free_whatever_becomes_of_the_request() -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"{"
        raise ConnectionError

    async with school_with(most_requests_per_caller=1, most_requests=1) as school:
        headers = school.bearer("head", "admin") | {"Content-Type": "application/json"}
        told = [
            await school.post("query", {"nonsense": 1}, headers),
            await school.post("nothing", {}, headers),
            await school.post("query", {}),
            await school.http.post("/api/v1/mastery/query", content=breaks(), headers=headers),
            await school.query(QUERY),
        ]
        assert [answer.status_code for answer in told] == [400, 404, 401, 500, 404]
