"""Events that the Dapr sidecar brings: in the log or among the dead letters before they are acknowledged, or to come again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from mastery_engine.adapters.memory import MemoryDeadLetters, MemoryEventLog
from mastery_engine.api.routes import dapr
from mastery_engine.contracts.topics import REQUESTS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.access import Caller
from mastery_engine.engine.letters import DeadLetterDesk
from mastery_engine.ports import DeadLetter, NewRecord, Position, Record
from tests.api.school import School, StillClock, open_school, quiz
from tests.api.sidecar import LEARNING, cloud_event, raw

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class LogThatIsDown(MemoryEventLog):
    """A log that takes nothing until it is up again."""

    is_up = False

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        if not self.is_up:
            raise DependencyDown("the broker does not answer")
        return await super().append(records)


class LettersThatAreDown(MemoryDeadLetters):
    async def add(self, letters: Sequence[DeadLetter]) -> int:
        del letters
        raise DependencyDown("the database does not answer")


async def bring(school: School, body: object, **headers: str) -> str:
    """What the sidecar is told of what it brings."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/cloudevents+json", **headers}
    answer = await school.http.post(LEARNING, content=content, headers=given)
    assert answer.status_code == 200, answer.text
    (told,) = answer.json().items()
    assert told[0] == "status"
    return told[1]


async def records(school: School) -> list[Record]:
    log = school.engine.adapters.log
    return [record for partition in await log.ends() for record in await log.read(partition, 0, 1_000)]


async def letters(school: School) -> list[DeadLetter]:
    return await school.engine.adapters.dead_letters.find()


async def events_of(school: School, student: str = "amal", tenant: str = "default") -> int:
    await school.fold()
    answer = await school.post("query", {"student_id": student}, school.bearer("head", "admin", tenant))
    return answer.json()["data"]["events"] if answer.status_code == 200 else 0


async def test_an_event_is_in_the_log_when_it_is_acknowledged_and_counts_once_however_often_brought(
    school: School,
) -> None:
    event = quiz()
    for body in (
        cloud_event(event),
        cloud_event(event),
        raw(json.dumps(cloud_event(event)).encode(), "2"),
        raw(json.dumps(event).encode(), "3"),
    ):
        assert await bring(school, body) == "SUCCESS"
    assert len(await records(school)) == 4
    assert await events_of(school) == 1
    assert await letters(school) == []


async def test_its_trace_goes_with_it(school: School) -> None:
    await bring(school, cloud_event(quiz(), traceparent=TRACE, correlationid="lesson-7"))
    await bring(school, raw(json.dumps(quiz()).encode()), traceparent=TRACE)
    await bring(school, cloud_event(quiz(), traceparent="junk"))
    first, second, third = [dict(record.headers) for record in await records(school)]
    assert (first["traceparent"], first["correlation_id"]) == (TRACE.encode(), b"lesson-7")
    assert second["traceparent"] == TRACE.encode()
    assert "traceparent" not in third


async def test_it_is_of_its_own_tenant_if_there_is_one(school: School) -> None:
    assert await bring(school, cloud_event(quiz(tenant_id="north"))) == "SUCCESS"
    assert await events_of(school, tenant="north") == 1
    assert await bring(school, cloud_event(quiz(tenant_id="south"))) == "SUCCESS"
    (letter,) = await letters(school)
    assert (letter.reason, letter.tenant_id, letter.student_id) == ("unknown_tenant", "south", "amal")


async def test_an_event_that_breaks_a_rule_becomes_a_dead_letter_with_all_that_was_told(
    school: School,
) -> None:
    event = quiz(correct_answers=11)
    place = {"__partition": "3", "__offset": "41", "__key": "student:amal"}
    body = raw(json.dumps(cloud_event(event, traceparent=TRACE)).encode())
    assert await bring(school, body, **place) == "SUCCESS"
    (letter,) = await letters(school)
    assert (letter.kind, letter.reason) == ("validation", "rule")
    assert "must not be more than total_questions = 10" in letter.message
    assert (letter.topic, letter.partition, letter.offset) == ("learning.events", 3, 41)
    assert letter.key == b"student:amal"
    assert json.loads(letter.payload) == event
    assert (letter.tenant_id, letter.student_id) == ("default", "amal")
    assert letter.event_id == event["event_id"]
    headers = dict(letter.headers)
    assert (headers["ce_id"], headers["ce_source"]) == (b"7", b"quiz-agent")
    assert headers["traceparent"] == TRACE.encode()
    assert await records(school) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"no json", "not_json"),
        (b"{}", "no_cloud_event"),
        (json.dumps(quiz()).encode(), "no_cloud_event"),
        (json.dumps(cloud_event("a text")).encode(), "not_an_object"),
        (json.dumps(cloud_event([quiz()])).encode(), "not_an_object"),
        (json.dumps(cloud_event({"event_type": "exam"})).encode(), "unknown_type"),
        (json.dumps(raw(b"\x00\x00\x00\x00\x07avro")).encode(), "not_json"),
        (b"[" * 100_000, "too_deep"),
    ],
)
async def test_nothing_that_is_brought_is_lost_and_nothing_is_brought_for_ever(
    school: School, body: bytes, reason: str
) -> None:
    assert await bring(school, body) == "SUCCESS"
    (letter,) = await letters(school)
    assert letter.reason == reason
    assert (letter.partition, letter.offset) == (-1, -1)


async def test_a_redelivery_makes_no_second_letter_and_another_event_makes_its_own(school: School) -> None:
    wrong = cloud_event(quiz(correct_answers=11))
    for body in (wrong, wrong, raw(json.dumps(wrong).encode()), raw(json.dumps(wrong).encode(), "2")):
        await bring(school, body, __partition="0", __offset="5")
    assert len(await letters(school)) == 1
    await bring(school, wrong | {"id": "8"})
    assert len(await letters(school)) == 2
    for delivery in ("3", "4"):
        await bring(school, raw(b"junk", delivery), __partition="0", __offset="6")
    assert len(await letters(school)) == 3
    await bring(school, raw(b"junk", "5"), __partition="0", __offset="7")
    assert len(await letters(school)) == 4


async def test_a_letter_can_be_mended_and_sent_again(school: School) -> None:
    event = quiz(correct_answers=11)
    await bring(school, cloud_event(event, traceparent=TRACE))
    (letter,) = await letters(school)
    desk: DeadLetterDesk = school.engine.letters
    head = Caller(tenant_id="default", subject="head", role="admin", request_id="r")
    await desk.fix(head, letter.letter_id, json.dumps(event | {"correct_answers": 9}).encode())
    assert (await desk.reprocess(head, letter.letter_id)).outcome == "sent"
    (record,) = await records(school)
    assert dict(record.headers)["traceparent"] == TRACE.encode()
    assert await events_of(school) == 1


async def test_with_the_log_down_it_is_to_come_again_and_counts_once_then() -> None:
    log = LogThatIsDown(StillClock(), REQUESTS)
    event = cloud_event(quiz())
    async with open_school(log=log) as school:
        assert [await bring(school, event), await bring(school, event)] == ["RETRY", "RETRY"]
        assert await letters(school) == []
        log.is_up = True
        assert await bring(school, event) == "SUCCESS"
        assert await events_of(school) == 1


async def test_with_the_place_of_the_letters_down_what_is_wrong_is_to_come_again() -> None:
    async with open_school(dead_letters=LettersThatAreDown()) as school:
        assert await bring(school, cloud_event(quiz(correct_answers=11))) == "RETRY"
        assert await bring(school, b"junk") == "RETRY"
        assert await bring(school, cloud_event(quiz())) == "SUCCESS"


async def test_one_too_large_to_be_held_is_kept_cut_and_says_where_it_lies_whole(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dapr, "MOST_DELIVERED_BYTES", 100)
    assert await bring(school, b"x" * 1_000, __partition="3", __offset="41") == "SUCCESS"
    (letter,) = await letters(school)
    assert (letter.reason, letter.payload) == ("too_large", b"x" * 100)
    assert "1,000, lies whole at learning.events/3@41 in the topic" in letter.message


@pytest.mark.parametrize("media_type", ["text/plain", "", "application/x-www-form-urlencoded"])
async def test_no_page_of_a_stranger_makes_a_browser_on_this_machine_send_one(
    school: School, media_type: str
) -> None:
    content = json.dumps(cloud_event(quiz()))
    answer = await school.http.post(LEARNING, content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert await records(school) == []


async def test_headers_of_the_record_on_its_way_keep_nothing_out(school: School) -> None:
    odd = {"Content-Encoding": "gzip", "Accept": "text/html", "__partition": "x", "__offset": "9" * 30}
    assert await bring(school, cloud_event(quiz()), **odd) == "SUCCESS"
    assert await events_of(school) == 1


async def test_one_that_trickles_in_is_to_come_again(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dapr, "MOST_SECONDS", 0.01)
    never = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = {"Content-Type": "application/cloudevents+json"}
    answer = await school.http.post(LEARNING, content=trickle(), headers=headers)
    assert answer.status_code == 400
    assert await letters(school) == []
