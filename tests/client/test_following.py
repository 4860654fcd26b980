"""Following a student with both clients, against a real server and through a line that breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest

from mastery_engine.client import AsyncClient, Client, Retries, Update
from mastery_engine.domain.errors import DependencyDown, NotAuthenticated, NotFound
from mastery_engine.engine.live_updates import CHECK_SECONDS, PACE_SECONDS
from tests.api.school import School, quiz
from tests.api.streams import DEADLINE_SECONDS, Live, open_live

TOKEN_SECONDS = 600
QUIET_SECONDS = 0.5
Token = str | Callable[[], str]


@pytest.fixture
async def live() -> AsyncGenerator[Live]:
    async with open_live() as opened:
        await opened.teach("amal")
        yield opened


@dataclass
class Line:
    """A line to a server, which can be cut and fall silent."""

    url: str = ""
    mute: bool = False
    heads: list[bytes] = field(default_factory=list[bytes])
    _ends: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    def cut(self) -> None:
        for one in self._ends:
            one.transport.abort()
        self._ends.clear()

    async def join(self, to: str, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        where = urlsplit(to)
        far, there = await asyncio.open_connection(where.hostname, where.port)
        self._ends += [back, there]
        head = await near.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        there.write(head)
        with contextlib.suppress(ConnectionError):
            while part := await far.read(1 << 16):
                if not self.mute:
                    back.write(part)
        back.close()
        there.close()


@contextlib.asynccontextmanager
async def line_to(url: str) -> AsyncGenerator[Line]:
    line = Line()
    server = await asyncio.start_server(lambda near, back: line.join(url, near, back), "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        line.cut()
        server.close()


def client_of(live: Live, url: str | None = None, token: Token | None = None) -> AsyncClient:
    given = live.token("amal", "student") if token is None else token
    return AsyncClient(url or live.url, given, retries=Retries(longest_seconds=0.0))


async def another(live: Live) -> None:
    live.clock.turn(PACE_SECONDS)
    await live.teach("amal", quiz(correct_answers=10))


async def test_a_result_is_told_as_it_changes_and_leaving_ends_the_stream(live: Live) -> None:
    async with client_of(live) as client:
        async with asyncio.timeout(DEADLINE_SECONDS), client.follow("amal") as updates:
            first = await anext(updates)
            await another(live)
            second = await anext(updates)
        await live.streams_are(0)
    assert [first.kind, second.kind] == ["snapshot", "update"]
    assert [first.result.events, second.result.events] == [1, 2]
    assert first.id != second.id


async def test_a_thread_follows_alike_and_ends_where_it_breaks_off(live: Live) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def follow() -> list[Update]:
        told: list[Update] = []
        with (
            Client(live.url, live.token("amal", "student")) as client,
            client.follow("amal", course_id="") as updates,
        ):
            for one in updates:
                told.append(one)
                loop.call_soon_threadsafe(begun.set)
                if len(told) == 2:
                    break
        return told

    following = asyncio.create_task(asyncio.to_thread(follow))
    await begun.wait()
    await another(live)
    told = await following
    assert [one.result.events for one in told] == [1, 2]
    await live.streams_are(0)


async def test_after_a_break_it_goes_on_where_it_was_and_tells_nothing_twice(live: Live) -> None:
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        line_to(live.url) as line,
        client_of(live, line.url) as client,
        client.follow("amal") as updates,
    ):
        first = await anext(updates)
        line.cut()
        coming = asyncio.ensure_future(anext(updates))
        await live.until(lambda: len(line.heads) == 2)
        await live.streams_are(1)
        await another(live)
        second = await coming
    assert (second.kind, second.result.events) == ("update", 2)
    assert first.id is not None
    assert f"last-event-id: {first.id}".encode() in line.heads[1].lower()
    assert b"last-event-id" not in line.heads[0].lower()


async def test_a_reader_that_comes_back_later_is_told_what_it_missed(live: Live) -> None:
    async with client_of(live) as client, asyncio.timeout(DEADLINE_SECONDS):
        async with client.follow("amal") as updates:
            first = await anext(updates)
        await another(live)
        async with client.follow("amal", last_event_id=first.id) as updates:
            missed = await anext(updates)
    assert (missed.kind, missed.result.events) == ("update", 2)


async def test_a_line_that_has_fallen_silent_is_left_for_another(live: Live) -> None:
    async with (
        line_to(live.url) as line,
        client_of(live, line.url) as client,
        asyncio.timeout(DEADLINE_SECONDS),
        client.follow("amal", quiet_seconds=QUIET_SECONDS) as updates,
    ):
        await anext(updates)
        line.mute = True
        coming = asyncio.ensure_future(anext(updates))
        await another(live)
        await live.until(lambda: len(line.heads) > 1)
        line.mute = False
        assert (await coming).result.events == 2


async def test_a_service_that_has_gone_is_told_after_all_tries(live: Live) -> None:
    async with client_of(live) as client, asyncio.timeout(DEADLINE_SECONDS), client.follow("amal") as updates:
        await anext(updates)
        live.end()
        with pytest.raises(DependencyDown):
            await anext(updates)


async def test_a_token_that_expires_ends_it_unless_another_can_be_had(live: Live) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append(live.token("amal", "student"))
        return asked[-1]

    async with (
        client_of(live) as fixed,
        client_of(live, token=token) as renewing,
        asyncio.timeout(DEADLINE_SECONDS),
        fixed.follow("amal") as ending,
        renewing.follow("amal") as going_on,
    ):
        await anext(ending)
        await anext(going_on)
        coming = asyncio.ensure_future(anext(going_on))
        live.clock.turn(TOKEN_SECONDS)
        with pytest.raises(NotAuthenticated, match="expired"):
            await anext(ending)
        await live.until(lambda: len(asked) == 2)
        await live.streams_are(1)
        await another(live)
        assert (await coming).result.events == 2


async def test_who_may_see_no_longer_is_told_as_if_there_were_nothing(live: Live) -> None:
    token = live.token("ms-yun", "teacher")
    async with (
        client_of(live, token=token) as client,
        asyncio.timeout(DEADLINE_SECONDS),
        client.follow("amal") as updates,
    ):
        await anext(updates)
        await live.engine.adapters.rosters.delete("default", "7a")
        live.clock.turn(CHECK_SECONDS)
        with pytest.raises(NotFound):
            await anext(updates)


async def test_who_may_not_is_refused_as_in_any_call(live: Live) -> None:
    async with client_of(live) as client, client.follow("bo") as updates:
        with pytest.raises(NotFound):
            await anext(updates)


async def test_a_client_that_is_closed_follows_no_longer(live: Live) -> None:
    client = client_of(live)
    async with asyncio.timeout(DEADLINE_SECONDS), client.follow("amal") as updates:
        await anext(updates)
        coming = asyncio.ensure_future(anext(updates))
        await client.close()
        with pytest.raises(StopAsyncIteration):
            await coming
    await live.streams_are(0)


async def test_where_nothing_is_heard_of_the_first_result_is_the_last(school: School) -> None:
    await school.teach("amal")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(school.app)) as http:
        client = AsyncClient("http://school", school.token("head", "admin"), http=http)
        async with client.follow("amal") as updates:
            assert [one.kind async for one in updates] == ["snapshot"]
