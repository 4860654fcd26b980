"""A body is waited for, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.school import School

QUERY = "/api/v1/mastery/query"


async def test_a_body_that_trickles_in_is_not_waited_for_for_ever(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.api.bodies.MOST_SECONDS", 0.01)
    never = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = {**school.bearer("head", "admin"), "Content-Type": "application/json"}
    answer = await school.http.post(QUERY, content=trickle(), headers=headers)
    assert answer.status_code == 400
    assert answer.headers["connection"] == "close"
    assert "did not come within" in answer.json()["error"]["message"]
