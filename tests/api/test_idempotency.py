"""`Idempotency-Key` on ingest: answered once, and again alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.memory import MemoryEventLog
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.access import Caller
from tests.api.school import MINUTE_MS, School, StillClock, open_school, quiz

KEY = {"Idempotency-Key": "lesson-7"}


async def send(school: School, body: object, headers: Mapping[str, str] = KEY) -> httpx2.Response:
    return await school.post("ingest", body, school.bearer("tutor", "service") | dict(headers))


async def appended(school: School) -> int:
    ends = await school.engine.adapters.log.ends()
    return sum(ends.values())


def data(answer: httpx2.Response) -> Any:
    return answer.json().get("data", answer.json().get("error"))


async def test_the_same_key_and_body_get_the_same_answer_and_nothing_is_taken_again(school: School) -> None:
    body = [quiz(), quiz(correct_answers=11), {"event_id": "x"}, 7]
    first = await send(school, body)
    again = await send(school, body)
    assert (first.status_code, again.status_code) == (202, 202)
    assert data(first) == data(again)
    assert data(first)["accepted"] == 1
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await appended(school) == 1


async def test_an_answer_by_the_time_of_the_day_stays_what_it_was(school: School) -> None:
    """An event of the future was refused; sent again when it is none any more, it still is, under the same key."""
    clock = school.engine.adapters.clock
    assert isinstance(clock, StillClock)
    body = [quiz(), quiz(timestamp=clock.ms + 10 * MINUTE_MS)]
    first = await send(school, body)
    clock.ms += 10 * MINUTE_MS
    again = await send(school, body)
    assert data(first) == data(again)
    assert data(again)["refused"] == 1
    assert data(await send(school, body, {}))["refused"] == 0


async def test_what_was_refused_whole_is_refused_alike(school: School) -> None:
    body = quiz(student_id="no such id!", correct_answers=11)
    first, again = await send(school, body), await send(school, body)
    assert (first.status_code, again.status_code) == (400, 400)
    assert first.json()["error"] == again.json()["error"]
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_body_is_a_conflict(school: School) -> None:
    await send(school, quiz())
    answer = await send(school, quiz())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert await appended(school) == 1


async def test_another_caller_has_the_key_for_itself(school: School) -> None:
    body = quiz()
    await send(school, body)
    other = await school.post("ingest", body, school.bearer("head", "admin") | KEY)
    assert other.status_code == 202
    assert "idempotent-replayed" not in other.headers


async def test_without_a_key_everything_is_taken(school: School) -> None:
    body = quiz()
    assert [(await send(school, body, {})).status_code for _ in range(2)] == [202, 202]
    assert await appended(school) == 2


async def test_many_at_once_are_taken_once(school: School) -> None:
    body = quiz()
    answers = await asyncio.gather(*(send(school, body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({str(data(answer)) for answer in answers}) == 1
    assert await appended(school) == 1


async def test_one_that_is_under_way_elsewhere_is_a_conflict_for_a_moment(school: School) -> None:
    body = b"{}"
    caller = Caller(tenant_id="default", subject="tutor", role="service", request_id="other")
    await school.engine.idempotency.begin(caller, "lesson-7", body)
    answer = await school.http.post(
        "/api/v1/mastery/ingest",
        content=body,
        headers=school.bearer("tutor", "service") | KEY | {"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert "under way" in answer.json()["error"]["message"]


class Failing(MemoryEventLog):
    """A log that is down once."""

    down = True

    async def append(self, records: Any) -> Any:
        if self.down:
            self.down = False
            raise DependencyDown("nobody there")
        return await super().append(records)


async def test_what_could_not_be_taken_may_be_sent_again_with_the_same_key() -> None:
    async with open_school() as school:
        log = Failing(StillClock())
        school.engine.ingest._log = log
        body = quiz()
        first, again = await send(school, body), await send(school, body)
    assert (first.status_code, again.status_code) == (503, 202)
    assert "idempotent-replayed" not in again.headers


@pytest.mark.parametrize("key", ["with space", "", "a" * 256])
async def test_a_key_that_is_none_is_refused(school: School, key: str) -> None:
    answer = await send(school, quiz(), {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (400, "Idempotency-Key")
    assert await appended(school) == 0


async def test_two_keys_are_refused(school: School) -> None:
    headers = [*school.bearer("tutor", "service").items(), *KEY.items(), *KEY.items()]
    answer = await school.http.post("/api/v1/mastery/ingest", json=quiz(), headers=headers)
    assert answer.status_code == 400


async def test_it_holds_through_a_sidecar_too() -> None:
    async with open_school() as school:

        async def ask() -> httpx2.Response:
            body = {
                "intent": "ingest",
                "payload": event,
                "security_context": {"token": school.token("tutor", "service")},
            }
            return await school.http.post("/process", json=body, headers=KEY)

        event = quiz()
        first, again = await ask(), await ask()
        assert first.status_code == 202, first.text
        assert data(first) == data(again)
        assert again.headers["idempotent-replayed"] == "true"
        assert await appended(school) == 1
