"""How often and how slowly may be asked for tools over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mastery_engine.api import mcp_door
from mastery_engine.api.table import OPERATIONS
from mastery_engine.mcp.tools import TOOLS
from tests.api.school import School, open_school
from tests.mcp_door.messages import JSON, body, post


async def trickle(begun: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """A body that begins, and never ends."""
    yield b"{"
    begun.release()
    await asyncio.Event().wait()


async def test_calls_count_with_those_of_the_route_that_does_the_same(school: School) -> None:
    who = school.bearer("amal", "student")
    sent = body("get_mastery", "2025-11-25", student_id="amal")
    first = await post(school, sent, who)
    assert first.headers["x-ratelimit-limit"]
    then = await school.query({"student_id": "amal"}, "amal", "student")
    assert int(then.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "fly"}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}',
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        b'{"jsonrpc": "2.0", "id": 1, "result": {}}',
        b"x" * (mcp_door.MOST_BYTES + 1),
    ],
)
async def test_whatever_is_sent_counts(content: bytes) -> None:
    async with open_school(given={"rates": {"mcp": {"student": 2}}}) as school:
        headers = JSON | school.bearer("amal", "student")
        answers = [await school.http.post("/mcp", content=content, headers=headers) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]


async def test_a_caller_whose_bodies_trickle_in_takes_no_more_places_than_on_a_route() -> None:
    begun = asyncio.Semaphore(0)
    async with open_school(given={"most_requests_per_caller": 2}) as school:
        who = school.bearer("amal", "student")
        slow = [
            asyncio.create_task(school.http.post("/mcp", content=trickle(begun), headers=JSON | who))
            for _ in range(2)
        ]
        for _ in slow:
            await begun.acquire()
        answer = await post(school, body("calculate", "2025-11-25", quiz=1), who)
        other = await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("bo", "student"))
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    assert (answer.status_code, other.status_code) == (429, 200)
    assert "under way" in answer.json()["error"]["message"]


async def test_a_body_that_trickles_in_is_not_waited_for_for_ever(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.api.bodies.MOST_SECONDS", 0.01)
    headers = JSON | school.bearer("amal", "student")
    answer = await school.http.post("/mcp", content=trickle(asyncio.Semaphore(0)), headers=headers)
    assert answer.status_code == 400
    assert "did not come within" in answer.json()["error"]["message"]


async def test_who_comes_too_often_is_told_in_a_result(school: School) -> None:
    who = school.bearer("amal", "student")
    sent = body("compare_interventions", "2025-11-25", student_id="amal", interventions=[])
    answers = [await post(school, sent, who) for _ in range(21)]
    results = [answer.json()["result"]["content"][0]["text"] for answer in answers]
    assert [text.startswith("RATE_LIMITED") for text in results] == [False] * 20 + [True]


def test_each_tool_counts_with_a_route_that_has_a_limit() -> None:
    limited = {one.name for one in (*OPERATIONS, mcp_door.LIMITED) if one.rate is not None}
    assert {tool.route for tool in TOOLS.values()} | {"mcp"} <= limited
