"""Tickets for streams: good once, for a minute, for one student and the one who asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from structlog.testing import capture_logs

from mastery_engine.engine.live_updates import BEAT_SECONDS
from mastery_engine.engine.stream_tickets import TICKET_SECONDS
from tests.api.streams import Live, open_live


@pytest.fixture
async def live() -> AsyncGenerator[Live]:
    async with open_live() as opened:
        await opened.teach("amal")
        yield opened


async def ticket(live: Live, student_id: str = "amal") -> str:
    path = f"/api/v1/students/{student_id}/stream-ticket"
    answer = await live.http.post(path, headers=live.bearer("amal", "student"))
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["ticket"]


async def shown(live: Live, text: str, student_id: str = "amal", **headers: str) -> int:
    path = f"/api/v1/students/{student_id}/stream?ticket={text}"
    async with live.http.stream("GET", path, headers=headers) as answer:
        return answer.status_code


async def test_a_ticket_opens_one_stream_and_no_second_one(live: Live) -> None:
    text = await ticket(live)
    assert await shown(live, text) == 200
    assert await shown(live, text) == 401


async def test_of_many_who_show_it_at_once_one_gets_in(live: Live) -> None:
    text = await ticket(live)
    assert sorted(await asyncio.gather(*(shown(live, text) for _ in range(8)))) == [200, *[401] * 7]


async def test_a_ticket_holds_for_a_minute(live: Live) -> None:
    texts = await ticket(live), await ticket(live)
    live.clock.turn(TICKET_SECONDS - 1)
    assert await shown(live, texts[0]) == 200
    live.clock.turn(1)
    assert await shown(live, texts[1]) == 401


async def test_a_ticket_is_for_its_student_and_used_up_by_a_try_with_another(live: Live) -> None:
    await live.teach("bo")
    text = await ticket(live)
    assert await shown(live, text, "bo") == 401
    assert await shown(live, text) == 401


async def test_a_ticket_acts_as_the_one_who_asked(live: Live) -> None:
    assert await shown(live, await ticket(live)) == 200
    told = [(one.role, one.actor, one.detail["stream"]) for one in (await live.audit())[-2:]]
    me = live.hash("amal")
    assert told == [("student", me, "ticket"), ("student", me, "opened")]


async def test_a_ticket_and_a_token_together_are_refused(live: Live) -> None:
    text = await ticket(live)
    assert await shown(live, text, **live.bearer("amal", "student")) == 401
    assert await shown(live, "x" * 43) == 401


async def test_who_may_not_see_a_student_gets_no_ticket(live: Live) -> None:
    path = "/api/v1/students/amal/stream-ticket"
    callers = (
        live.bearer("bo", "student"),
        live.bearer("mr-fox", "teacher"),
        live.bearer("tutor", "service"),
    )
    refused = [(await live.http.post(path, headers=who)).status_code for who in callers]
    assert refused == [404, 404, 403]
    assert (await live.http.post(path)).status_code == 401


async def test_neither_the_log_nor_the_store_has_a_tickets_text(live: Live) -> None:
    with capture_logs() as lines:
        text = await ticket(live)
        stored = [key async for batch in live.engine.adapters.store.scan("stream-ticket:") for key in batch]
        assert await shown(live, text) == 200
        assert await shown(live, text) == 401
    assert len(stored) == 1
    assert text not in f"{stored}{lines}"
    assert {line.get("route") for line in lines} >= {"/api/v1/students/{student_id}/stream"}


async def test_a_caller_and_a_process_have_so_many_streams_and_no_more(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.seats, "_of_a_caller", 2)
    monkeypatch.setattr(live.seats, "_of_a_process", 3)
    path, teacher = "/api/v1/students/amal/stream", live.bearer("ms-yun", "teacher")
    async with live.follow(), live.follow():
        third = await live.http.get(path, headers=live.bearer("amal", "student"))
        assert (third.status_code, third.json()["error"]["code"]) == (429, "RATE_LIMITED")
        assert third.headers["retry-after"]
        async with live.follow(**teacher) as reader:
            await reader.next()
            fourth = await live.http.get(path, headers=live.bearer("head", "admin"))
            assert (fourth.status_code, fourth.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
            live.clock.turn(BEAT_SECONDS)
            assert (await reader.next()).kind == "comment"
    await live.streams_are(0)
    async with live.follow() as reader:
        assert (await reader.next()).kind == "snapshot"


async def test_a_stream_that_is_refused_keeps_no_seat(live: Live) -> None:
    for _ in range(3):
        answer = await live.http.get("/api/v1/students/nobody/stream", headers=live.bearer("bo", "student"))
        assert answer.status_code == 404
    assert live.seats.taken == 0
    assert live.hub.open == 0
