"""Positions of events: who sends one with a question waits until they count."""

from __future__ import annotations

import asyncio
import base64
from typing import cast

import pytest

from mastery_engine.adapters.memory import MemoryEventLog
from mastery_engine.api.positions import LONGEST_WAIT_SECONDS, Positions
from mastery_engine.ports import LogConsumer, Position
from tests.api.school import School, StillClock, quiz


class TestReadYourOwnWrite:
    """A query that sends the position of an ingest sees those events, or says that it cannot."""

    async def position(self, school: School, *events: dict[str, object]) -> str:
        sent = await school.post("ingest", list(events) or quiz(), school.bearer("tutor", "service"))
        return str(sent.json()["data"]["position"])

    async def ask(self, school: School, position: str) -> tuple[int, dict[str, str]]:
        headers = school.bearer("amal", "student") | {"X-Mastery-Position": position}
        answer = await school.post("query", {"student_id": "amal"}, headers)
        return answer.status_code, dict(answer.headers)

    async def test_a_query_after_the_fold_is_answered_at_once(self, school: School) -> None:
        position = await self.position(school)
        await school.fold()
        status, _ = await self.ask(school, position)
        assert status == 200

    async def test_a_query_waits_two_seconds_for_the_fold_and_no_longer(self, school: School) -> None:
        position = await self.position(school)
        before = school.engine.adapters.clock.monotonic()
        status, headers = await self.ask(school, position)
        waited = school.engine.adapters.clock.monotonic() - before
        assert status == 503
        assert headers["retry-after"] == "1"
        assert waited == pytest.approx(LONGEST_WAIT_SECONDS, abs=0.05)

    async def test_a_query_that_waits_is_answered_when_the_fold_comes(self, school: School) -> None:
        position = await self.position(school)
        clock = school.engine.adapters.clock
        slept = clock.sleep
        folded: list[float] = []

        async def fold_meanwhile(seconds: float) -> None:
            if not folded:
                folded.append(seconds)
                await school.fold()
            await slept(seconds)

        clock.sleep = fold_meanwhile
        status, _ = await self.ask(school, position)
        assert status == 200
        assert folded

    async def test_every_partition_must_be_folded(self, school: School) -> None:
        students = [quiz(student_id=f"s{number}") for number in range(30)]
        first = await self.position(school, *students, quiz())
        await school.fold()
        second = await self.position(school, *students)
        assert (await self.ask(school, first))[0] == 200
        assert (await self.ask(school, second))[0] == 503

    @pytest.mark.parametrize("position", ["", "x", "!!!!", "e30", "kwGhYYA", "A" * 20_000])
    async def test_what_is_no_position_is_refused(self, school: School, position: str) -> None:
        status, _ = await self.ask(school, position)
        assert status == 400

    async def test_a_position_of_another_version_is_refused(self, school: School) -> None:
        # ["version 2", "x", no offsets] in MessagePack.
        other = base64.urlsafe_b64encode(bytes([0x93, 2, 0xA1, 0x78, 0x80])).decode().rstrip("=")
        headers = school.bearer("amal", "student") | {"X-Mastery-Position": other}
        answer = await school.post("query", {"student_id": "amal"}, headers)
        assert answer.status_code == 400
        assert "version 2" in answer.json()["error"]["message"]

    async def test_a_position_of_a_log_that_was_made_anew_is_refused(self, school: School) -> None:
        position = await self.position(school)
        log = school.engine.adapters.log
        assert isinstance(log, MemoryEventLog)
        await log.recreate()
        status, _ = await self.ask(school, position)
        assert status == 400

    async def test_who_may_not_read_does_not_wait(self, school: School) -> None:
        headers = school.bearer("tutor", "service") | {"X-Mastery-Position": await self.position(school)}
        answer = await school.post("query", {"student_id": "amal"}, headers)
        assert answer.status_code == 403
        assert school.engine.adapters.clock.monotonic() == 0.0

    async def test_what_stands_beside_a_calculation_is_waited_for_too(self, school: School) -> None:
        position = await self.position(school)
        headers = school.bearer("amal", "student") | {"X-Mastery-Position": position}
        body = {"student_id": "amal", "components": {"quiz": 1.0}}
        assert (await school.post("calculate", body, headers)).status_code == 503
        await school.fold()
        assert (await school.post("calculate", body, headers)).status_code == 200

    async def test_of_two_positions_none_is_passed_over(self, school: School) -> None:
        position = await self.position(school)
        headers = [("X-Mastery-Position", position)] * 2
        headers += list(school.bearer("amal", "student").items())
        answer = await school.http.post("/api/v1/mastery/query", json={"student_id": "amal"}, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["error"]["details"][0]["field"] == "X-Mastery-Position"


class Watched:
    """Tells what is folded, counts who asks, and answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()

    async def committed(self) -> dict[int, int]:
        self.asked += 1
        await self.let.wait()
        return {0: 1}


async def test_a_crowd_that_waits_asks_the_log_no_more_than_one_does() -> None:
    log, watched = MemoryEventLog(StillClock()), Watched()
    positions = Positions(log, cast("LogConsumer", watched), StillClock())
    position = await positions.token([Position(0, 0)])
    crowd = [asyncio.create_task(positions.wait(position)) for _ in range(100)]
    await asyncio.sleep(0)
    crowd.pop().cancel()
    watched.let.set()
    await asyncio.gather(*crowd)
    assert watched.asked == 1
