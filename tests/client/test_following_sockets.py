"""Following a student at servers that misbehave, with both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import msgspec
import pytest

from mastery_engine.client import AsyncClient, Client, Retries, UnexpectedAnswer, Update
from mastery_engine.contracts.answers import LiveResult
from tests.api.school import School
from tests.client.test_sockets import answer, refused, scripted

AT_ONCE = Retries(longest_seconds=0.0)
END = b'event: end\ndata: {"reason":"not_followed"}\n\n'
Follow = Callable[[str], list[Update]]


def in_step(url: str) -> list[Update]:
    with Client(url, "token", retries=AT_ONCE) as client, client.follow("amal") as updates:
        return list(updates)


def in_the_loop(url: str) -> list[Update]:
    async def follow() -> list[Update]:
        async with AsyncClient(url, "token", retries=AT_ONCE) as client, client.follow("amal") as updates:
            return [one async for one in updates]

    return asyncio.run(follow())


@pytest.fixture(params=[in_step, in_the_loop])
def follow(request: pytest.FixtureRequest) -> Follow:
    return request.param


@pytest.fixture
async def result(school: School) -> LiveResult:
    await school.teach("amal")
    http = httpx.AsyncClient(transport=httpx.ASGITransport(school.app))
    async with AsyncClient("http://s", school.token("head", "admin"), http=http).follow("amal") as updates:
        return (await anext(updates)).result


def stream(*parts: bytes) -> bytes:
    return answer("200 OK", b"".join(parts), "content-type: text/event-stream")


def snapshot(result: LiveResult) -> bytes:
    return b"id: 7\nevent: snapshot\ndata: %s\n\n" % msgspec.json.encode(result)


def test_what_a_new_beginning_tells_again_is_not_told_twice(result: LiveResult, follow: Follow) -> None:
    more = msgspec.structs.replace(result, events=2)
    busy = refused("503 Service Unavailable", "SERVICE_UNAVAILABLE", "retry-after: 0")
    told = (stream(snapshot(result)), busy, b"", stream(snapshot(result), snapshot(more), END))
    with scripted(*told) as server:
        assert [one.result.events for one in follow(server.url)] == [1, 2]
    assert server.header("last-event-id") == ["7", "7", "7"]


@pytest.mark.parametrize(
    "told",
    [
        answer("200 OK", b"{}", "content-type: application/json"),
        stream(b"event: snapshot\ndata: {}\n\n"),
        stream(b"event: \xff\ndata: {}\n\n"),
        stream(b"event: end\ndata: no reason\n\n"),
    ],
)
def test_what_is_no_stream_of_results_is_told_and_not_asked_for_again(follow: Follow, told: bytes) -> None:
    with scripted(told) as server, pytest.raises(UnexpectedAnswer):
        follow(server.url)
    assert len(server.heads) == 1
