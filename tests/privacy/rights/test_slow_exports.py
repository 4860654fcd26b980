"""Whoever has a slow connection gets the whole export, and takes nobody's place meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from mastery_engine.engine.student_export import StudentExports
from tests.api.streams import DEADLINE_SECONDS, doorkeeper_of, open_live

PATH = "/api/v1/students/amal/export"


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An export whose second part comes only once this is set."""
    go_on = asyncio.Event()

    async def packed(self: StudentExports, held: object) -> AsyncGenerator[bytes]:
        del self, held
        yield b"one"
        await go_on.wait()
        yield b"two"

    monkeypatch.setattr(StudentExports, "packed", packed)
    return go_on


async def test_a_download_takes_a_seat_and_no_place_of_a_request(paused: asyncio.Event) -> None:
    async with open_live() as live:
        await live.teach("amal")
        async with live.http.stream("GET", PATH, headers=live.bearer("amal", "student")) as answer:
            parts = answer.aiter_bytes()
            assert await anext(parts) == b"one"
            assert live.seats.taken == 1
            assert doorkeeper_of(live)._under_way == 0
            paused.set()
            assert b"".join([part async for part in parts]) == b"two"
        await live.streams_are(0)


async def test_who_goes_away_leaves_the_seat(paused: asyncio.Event) -> None:
    async with open_live() as live:
        await live.teach("amal")
        async with live.http.stream("GET", PATH, headers=live.bearer("amal", "student")) as answer:
            assert await anext(answer.aiter_bytes()) == b"one"
        async with asyncio.timeout(DEADLINE_SECONDS):
            await live.streams_are(0)
    assert not paused.is_set()


async def test_a_refused_export_leaves_the_seat() -> None:
    async with open_live() as live:
        unknown = PATH.replace("amal", "nobody")
        answer = await live.http.get(unknown, headers=live.bearer("head", "admin"))
        assert answer.status_code == 404
        assert live.seats.taken == 0
