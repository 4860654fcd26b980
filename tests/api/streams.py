"""A school behind a real server, and readers of its streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx2

from mastery_engine.adapters.auth import make_token
from mastery_engine.api.admission import Doorkeeper
from mastery_engine.api.app import create_app
from mastery_engine.api.listening import listening, server_of, url_of
from mastery_engine.api.seats import Seats
from mastery_engine.bootstrap import open_engine
from mastery_engine.engine.live import LiveHub
from tests.api.school import NOW_MS, ROSTER, SECRET, School, trial_settings

DEADLINE_SECONDS = 20


class HandClock:
    """A clock that a test turns: whoever sleeps, sleeps until then."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._start_ms = now_ms
        self.passed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._start_ms + round(self.passed * 1_000)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        until = asyncio.get_running_loop().create_future()
        sleeper = (self.passed + seconds, until)
        self._sleepers.append(sleeper)
        try:
            await until
        finally:
            self._sleepers.remove(sleeper)

    def turn(self, seconds: float) -> None:
        """Let time pass, and wake those whose time has come."""
        self.passed += seconds
        for until, sleeper in self._sleepers:
            if until <= self.passed and not sleeper.done():
                sleeper.set_result(None)


class Event(NamedTuple):
    """A server-sent event; of a comment, all but its kind is empty."""

    kind: str
    id: str | None
    data: Any


class Reader:
    """Reads the events of one stream."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> Event:
        """The next event or comment; the hint on coming again is passed over."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                fields: dict[str, str] = {}
                while line := await anext(self._lines):
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                if "" in fields:
                    return Event("comment", None, None)
                if "data" in fields:
                    return Event(fields["event"], fields.get("id"), json.loads(fields["data"]))

    async def ended(self) -> bool:
        """Whether nothing more comes; waits for the end."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            return [line async for line in self._lines if line] == []


@dataclass(frozen=True)
class Live(School):
    """A school that is listened to."""

    clock: HandClock
    hub: LiveHub
    url: str
    end: Callable[[], None]
    seats: Seats

    @asynccontextmanager
    async def follow(
        self, student_id: str = "amal", query: str = "", **headers: str
    ) -> AsyncGenerator[Reader]:
        """Open a stream as the student, or as the headers say."""
        given = headers or self.bearer(student_id, "student")
        path = f"/api/v1/students/{student_id}/stream{query}"
        async with self.http.stream("GET", path, headers=given) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield Reader(answer)

    def for_hours(self, student_id: str) -> dict[str, str]:
        """A student's token that holds for a day."""
        token = make_token(
            SECRET.encode(),
            subject=student_id,
            role="student",
            tenant_id="default",
            issuer=self.settings.jwt_issuer,
            audience=self.settings.jwt_audience,
            issued_at=self.clock.now_ms() // 1_000,
            lifetime_seconds=86_400,
        )
        return {"Authorization": f"Bearer {token}"}

    async def until(self, reached: Callable[[], bool]) -> None:
        """Return once it is so."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not reached():  # noqa: ASYNC110 - what it waits for is of others
                await asyncio.sleep(0)

    async def streams_are(self, count: int) -> None:
        """Return once so many streams are open."""
        await self.until(lambda: self.hub.open == count and self.seats.taken == count)


@asynccontextmanager
async def open_live(**settings: object) -> AsyncGenerator[Live]:
    """Open a school and serve it."""
    chosen, clock = trial_settings(**settings), HandClock()
    async with open_engine(chosen, clock, serves=True) as engine:
        await engine.adapters.rosters.put("default", [ROSTER])
        app = create_app(chosen, engine)
        server = server_of(chosen, app)
        assert engine.live is not None
        server.ending = engine.live.end
        with listening("127.0.0.1", 0) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            limits = httpx2.Limits(max_connections=None)
            http = httpx2.AsyncClient(base_url=url_of(listener), limits=limits, timeout=None)

            def end() -> None:
                server.should_exit = True

            async with http:
                yield Live(
                    engine, http, chosen, app, clock, engine.live, url_of(listener), end, app.state.seats
                )
            end()
            await serving


def doorkeeper_of(live: Live) -> Doorkeeper:
    """The one around this application; others may not have been cleared away yet."""
    layer: Any = live.app
    layer = layer.middleware_stack
    while not isinstance(layer, Doorkeeper):
        layer = layer._app if hasattr(layer, "_app") else layer.app
    return layer
