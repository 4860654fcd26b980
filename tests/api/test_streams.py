"""Streams over a real socket: what is told, to whom, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import date

import pytest

from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.live_updates import BEAT_SECONDS, CHECK_SECONDS, PACE_SECONDS, RECORD_SECONDS
from tests.api.school import quiz
from tests.api.streams import Live, doorkeeper_of, open_live

TOKEN_SECONDS = 600
PATH = "/api/v1/students/amal/stream"


@pytest.fixture
async def live() -> AsyncGenerator[Live]:
    async with open_live() as opened:
        await opened.teach("amal")
        yield opened


async def test_an_event_that_comes_in_goes_out_as_an_update_of_the_whole_result(live: Live) -> None:
    async with live.follow() as reader:
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        assert reader.answer.headers["cache-control"] == "no-store"
        assert "content-length" not in reader.answer.headers
        first = await reader.next()
        live.clock.turn(PACE_SECONDS)
        await live.teach("amal", quiz(correct_answers=10))
        second = await reader.next()
        queried = (await live.query({"student_id": "amal"})).json()["data"]
    assert (first.kind, second.kind) == ("snapshot", "update")
    assert (first.data["events"], second.data["events"]) == (1, 2)
    assert second.data["current"] == queried["current"]
    assert second.data["as_of"] == queried["as_of"]
    assert second.data["student_id"] == "amal"
    assert first.id
    assert second.id
    assert first.id != second.id


async def test_other_students_events_are_not_told(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        live.clock.turn(PACE_SECONDS)
        await live.teach("bo")
        await live.teach("amal")
        told = await reader.next()
    assert (told.data["student_id"], told.data["events"]) == ("amal", 2)


async def test_a_restriction_ends_the_stream_before_anything_more_is_told(live: Live) -> None:
    async with live.follow(**live.bearer("head", "admin")) as reader:
        await reader.next()
        await live.http.put("/api/v1/students/amal/restriction", headers=live.bearer("head", "admin"))
        live.clock.turn(1.0)
        await live.teach("amal")
        last = await reader.next()
    assert last.kind == "end"
    assert last.data == {"reason": "not_found"}


async def test_of_a_course_its_result_is_told(live: Live) -> None:
    await live.teach("amal", quiz(course_id="algebra"))
    async with live.follow(query="?course_id=algebra") as reader:
        told = await reader.next()
    assert (told.data["course_id"], told.data["events"]) == ("algebra", 1)
    answer = await live.http.get(f"{PATH}?course_id=latin", headers=live.bearer("amal", "student"))
    assert answer.status_code == 404


async def test_many_changes_while_nothing_is_read_are_one_update(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        for _ in range(4):
            await live.teach("amal")
        live.clock.turn(PACE_SECONDS)
        told = await reader.next()
        while told.data["events"] < 5:
            live.clock.turn(PACE_SECONDS)
            told = await reader.next()
        live.clock.turn(BEAT_SECONDS)
        assert (await reader.next()).kind == "comment"


async def test_a_stream_beats_while_nothing_happens(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        await live.streams_are(1)
        for _ in range(3):
            live.clock.turn(BEAT_SECONDS)
            assert (await reader.next()).kind == "comment"


async def test_who_comes_again_and_has_missed_nothing_gets_no_snapshot(live: Live) -> None:
    async with live.follow() as reader:
        first = await reader.next()
    again = live.bearer("amal", "student") | {"Last-Event-ID": first.id or ""}
    async with live.follow(**again) as reader:
        assert (await reader.next()).kind == "comment"
        live.clock.turn(PACE_SECONDS)
        await live.teach("amal")
        assert (await reader.next()).kind == "update"


async def test_who_comes_again_and_has_missed_something_gets_all_of_it_as_one_update(live: Live) -> None:
    async with live.follow() as reader:
        first = await reader.next()
    await live.teach("amal")
    await live.teach("amal")
    again = live.bearer("amal", "student") | {"Last-Event-ID": first.id or ""}
    async with live.follow(**again) as reader:
        told = await reader.next()
    assert (told.kind, told.data["events"]) == ("update", 3)
    async with live.follow(query=f"?last_event_id={told.id}") as reader:
        assert (await reader.next()).kind == "comment"


@pytest.mark.parametrize("since", ["x", "a.b.c", "another-topic.0.1", "..", "." + "9" * 30])
async def test_an_id_that_is_not_known_is_answered_with_a_snapshot(live: Live, since: str) -> None:
    again = live.bearer("amal", "student") | {"Last-Event-ID": since}
    async with live.follow(**again) as reader:
        assert (await reader.next()).kind == "snapshot"


async def test_a_reader_who_goes_away_leaves_nothing_behind(live: Live) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with live.follow() as reader:
            await reader.next()
            await live.streams_are(1)
        await live.streams_are(0)
    await live.until(lambda: len(asyncio.all_tasks()) <= before)
    assert not live.hub._followers


async def test_another_students_stream_is_answered_like_one_that_does_not_exist(live: Live) -> None:
    await live.teach("cleo")
    bearer = live.bearer("bo", "student") | {"X-Request-ID": "same"}
    seen = [
        await live.http.get(f"/api/v1/students/{one}/stream", headers=bearer) for one in ("amal", "nobody")
    ]
    assert [one.status_code for one in seen] == [404, 404]
    assert [one.json()["error"] for one in seen] == [seen[0].json()["error"]] * 2
    refused = (await live.audit())[-2]
    assert (refused.action, refused.allowed, refused.subjects) == (
        "mastery.follow",
        False,
        (live.hash("amal"),),
    )
    teacher = live.bearer("ms-yun", "teacher")
    assert (await live.http.get("/api/v1/students/cleo/stream", headers=teacher)).status_code == 404
    async with live.follow(**teacher) as reader:
        assert (await reader.next()).kind == "snapshot"
    service = await live.http.get(PATH, headers=live.bearer("tutor", "service"))
    assert service.status_code == 403


async def test_the_opening_is_on_record_before_the_first_byte_and_each_hour_that_it_goes_on(
    live: Live,
) -> None:
    async def of_streams() -> list[tuple[bool, str]]:
        return [
            (one.allowed, one.detail["stream"])
            for one in await live.audit()
            if one.action == "mastery.follow"
        ]

    async with live.follow(**live.for_hours("amal")) as reader:
        assert await of_streams() == [(True, "opened")]
        await reader.next()
        await live.streams_are(1)
        live.clock.turn(RECORD_SECONDS)
        await reader.next()
    assert await of_streams() == [(True, "opened"), (True, "goes on")]


async def test_a_teachers_stream_ends_when_the_student_leaves_the_class(live: Live) -> None:
    async with live.follow(**live.bearer("ms-yun", "teacher")) as reader:
        await reader.next()
        await live.streams_are(1)
        left = Membership(person_id="amal", end=date(2026, 3, 1))
        teacher = Membership(person_id="ms-yun")
        await live.engine.adapters.rosters.put(
            "default", [Cohort(cohort_id="7a", teachers=(teacher,), students=(left,))]
        )
        live.clock.turn(CHECK_SECONDS)
        told = await reader.next()
        assert (told.kind, told.data) == ("end", {"reason": "not_found"})
        assert await reader.ended()
    last = (await live.audit())[-1]
    assert (last.action, last.allowed, last.detail) == ("mastery.follow", False, {"stream": "ended"})
    await live.streams_are(0)


async def test_a_stream_ends_with_its_token(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        await live.streams_are(1)
        live.clock.turn(TOKEN_SECONDS)
        told = await reader.next()
        assert (told.kind, told.data) == ("end", {"reason": "token_expired"})
        assert await reader.ended()


async def test_a_stream_ends_when_its_token_is_revoked(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        await live.streams_are(1)
        live.clock.turn(1)
        revoked = await live.http.post(
            "/api/v1/tokens/revoke",
            json={"subject": "amal"},
            headers=live.bearer("head", "admin"),
        )
        assert revoked.status_code < 300, revoked.text
        live.clock.turn(CHECK_SECONDS)
        told = await reader.next()
        while told.kind == "comment":
            told = await reader.next()
        assert (told.kind, told.data) == ("end", {"reason": "not_found"})


async def test_a_teachers_stream_ends_when_the_student_is_restricted_and_their_own_goes_on(
    live: Live,
) -> None:
    async with live.follow() as own, live.follow(**live.bearer("ms-yun", "teacher")) as reader:
        await own.next()
        await reader.next()
        await live.streams_are(2)
        restricted = await live.http.put(
            "/api/v1/students/amal/restriction", headers=live.bearer("head", "admin")
        )
        assert restricted.status_code < 300, restricted.text
        live.clock.turn(CHECK_SECONDS)
        assert (await reader.next()).data == {"reason": "not_found"}
        assert (await own.next()).kind == "comment"


async def test_a_stream_takes_no_place_of_a_request(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        await live.streams_are(1)
        assert doorkeeper_of(live)._under_way == 0


async def test_a_stream_ends_with_the_process_and_at_once(live: Live) -> None:
    async with live.follow() as reader:
        await reader.next()
        await live.streams_are(1)
        live.end()
        told = await reader.next()
        assert (told.kind, told.data) == ("end", {"reason": "shutdown"})
        assert await reader.ended()


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/event-stream", 200), ("*/*", 200), ("text/*", 200), ("application/json", 406)],
)
async def test_a_stream_is_for_those_who_take_one(live: Live, accept: str, status: int) -> None:
    headers = live.bearer("amal", "student") | {"Accept": accept}
    async with live.http.stream("GET", PATH, headers=headers) as answer:
        assert answer.status_code == status


async def test_without_a_token_or_with_parameters_that_are_none_there_is_no_stream(live: Live) -> None:
    assert (await live.http.get(PATH)).status_code == 401
    bearer = live.bearer("amal", "student")
    assert (await live.http.get(f"{PATH}?follow=bo", headers=bearer)).status_code == 400
