"""The calls against the real application: each route has one, and what one sends and reads is what the route has."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx
import pytest

from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from mastery_engine.client import AsyncClient, Call, Retries, calls
from mastery_engine.contracts.answers import BatchAnswer
from mastery_engine.contracts.job_view import JobView
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import Conflict, NotAuthenticated, NotFound
from mastery_engine.domain.interventions import Intervention
from mastery_engine.domain.learning_path import Plan
from mastery_engine.domain.scores import Components
from tests.api.school import NOW_MS, School, quiz

WITHOUT: Final[Mapping[str, str]] = {
    "openapi": "`mastery openapi` prints it",
    "metrics": "for Prometheus",
    "explorer": "a page for people",
    "explorer_asset": "a page for people",
    "stream": "`Client.follow`, see test_following; it is no call with one answer",
    "process": "of the Dapr sidecar",
    "subscribe": "of the Dapr sidecar",
    "learning": "of the Dapr sidecar",
}
"""Routes without a call, and why."""
UUID: Final = "00000000-0000-4000-8000-000000000000"
JOB: Final = "0" * 32
DAY: Final = date(2026, 3, 2)
ROSTER: Final = b"cohort_id,name,role,person_id,start,end\n9z,Nine,student,amal,,\n"
GOOD: Final[tuple[Call[Any], ...]] = (
    calls.info(),
    calls.health(),
    calls.ready(),
    calls.ingest([quiz()]),
    calls.profile("amal", course_id="", date=DAY, include_components=False),
    calls.mastery("amal", course_id="", date=DAY),
    calls.calculation(Components(0.5, None, 1.0, 0.25), student_id="amal"),
    calls.forecast("amal", date=DAY),
    calls.trajectory("amal", days=7, ahead=2, date=DAY),
    calls.what_if("amal", [Intervention(quiz=(8, 10)), Intervention(study_days=3)], date=DAY),
    calls.recommendations("amal", limit=2, priority="high", date=DAY),
    calls.learning_path("amal", Plan(goal="master_topic", daily_minutes=20, topic_id="loops"), date=DAY),
    calls.history("amal", start=date(2026, 2, 1), end=DAY, aggregation="weekly"),
    calls.comparison("7a", student_id="amal", metric="quiz", date=DAY),
    calls.batch(["amal", "bo"], date=DAY, priority="low"),
    calls.stream_ticket("amal"),
    calls.cohorts(limit=1),
    calls.cohort("7a"),
    calls.put_cohort(Cohort(cohort_id="8b", name="Eight", students=(Membership(person_id="bo", start=DAY),))),
    calls.import_cohorts(ROSTER, mode="merge", dry_run=True),
    calls.delete_cohort("7a"),
    calls.dead_letters(status="all", limit=1),
    calls.reprocess_letters([UUID, UUID.replace("8", "9")], dry_run=True),
    calls.audit(
        student_id="amal",
        actor="head",
        action="mastery.read",
        allowed=True,
        request_id="taught",
        start=datetime(2026, 3, 1, tzinfo=UTC),
        end=datetime(2026, 3, 3, tzinfo=UTC),
        limit=1,
    ),
    calls.audit_verification(),
    calls.accesses("amal", limit=1),
    calls.revoke_token("an-id-of-a-token", expires=NOW_MS // 1_000 + 60),
    calls.export_student("amal"),
    calls.export_schema(),
    calls.restrict("amal"),
    calls.unrestrict("amal"),
    calls.privacy_requests(limit=1),
    calls.replay(student_id="amal", switch=False),
    calls.erase("bo"),
)
OF_NOTHING: Final[tuple[Call[Any], ...]] = (
    calls.job(JOB),
    calls.cancel_job(JOB),
    calls.read_batch(JOB, limit=1),
    calls.dead_letter(UUID),
    calls.fix_letter(UUID, quiz()),
    calls.discard_letter(UUID, "a trial"),
    calls.privacy_request(UUID),
    calls.lift_erasure(UUID),
    calls.profile("nobody"),
)
"""Well asked for, and not there."""


def name_of(call: Call[Any]) -> str:
    """The route that takes a call; one whose path names more of it goes before one with a parameter there."""
    fitting = [one for one in OPERATIONS if one.method.upper() == call.method and _fits(one, call.path)]
    return min(fitting, key=lambda one: one.path.count("{")).name


def _fits(operation: Operation, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path) is not None


@pytest.fixture
async def client(school: School) -> AsyncGenerator[AsyncClient]:
    transport = httpx.ASGITransport(school.app)
    async with httpx.AsyncClient(transport=transport) as http:
        yield AsyncClient("http://school", school.token("head", "admin"), retries=Retries(most=0), http=http)


def test_each_route_has_a_call_or_a_reason_to_have_none() -> None:
    called = {name_of(call) for call in (*GOOD, *OF_NOTHING)}
    assert called.isdisjoint(WITHOUT)
    assert called | WITHOUT.keys() == {one.name for one in OPERATIONS}


def test_each_function_is_among_the_calls_that_are_tried() -> None:
    further = {"ingest_bytes", "ingests", "revoke_subject"}
    assert len(set(calls.__all__) - further) == len({*map(name_of, (*GOOD, *OF_NOTHING))})


async def test_tokens_of_somebody_are_revoked(client: AsyncClient) -> None:
    told = await client.send(calls.revoke_subject("ms-yun", not_before=NOW_MS // 1_000))
    assert (told.subject, told.not_before) == ("ms-yun", NOW_MS // 1_000)


@pytest.mark.parametrize("call", GOOD, ids=name_of)
async def test_what_a_call_sends_and_reads_is_what_its_route_takes_and_answers(
    school: School, client: AsyncClient, call: Call[Any]
) -> None:
    await school.teach_for_days("amal")
    assert await client.send(call) is not None


@pytest.mark.parametrize("call", OF_NOTHING, ids=name_of)
async def test_what_is_not_there_is_not_found(client: AsyncClient, call: Call[Any]) -> None:
    with pytest.raises(NotFound):
        await client.send(call)


async def test_what_the_caller_has_is_not_sent_again(school: School, client: AsyncClient) -> None:
    await school.teach("amal")
    first = await client.exchange(calls.mastery("amal"))
    assert first.data is not None
    assert await client.send(calls.mastery("amal", etag=first.etag)) is None
    await school.teach("amal", quiz(correct_answers=0))
    later = await client.send(calls.mastery("amal", etag=first.etag))
    assert later is not None
    assert later.events == 2


async def test_more_than_a_hundred_students_are_a_job_and_its_results_come_page_after_page(
    school: School, client: AsyncClient
) -> None:
    await school.teach("amal")
    few = await client.send(calls.batch(["amal"]))
    assert isinstance(few, BatchAnswer)
    begun = await client.send(calls.batch(["amal", *(f"student-{number}" for number in range(120))]))
    assert isinstance(begun, JobView)
    assert (await client.send(calls.job(begun.job_id))).state == "queued"
    assert (await client.send(calls.read_batch(begun.job_id))).items == []
    assert (await client.send(calls.cancel_job(begun.job_id))).state == "cancelled"


async def test_a_list_is_read_to_its_end(client: AsyncClient) -> None:
    for name in "abcde":
        await client.send(calls.put_cohort(Cohort(cohort_id=name)))
    found = [one.cohort_id async for one in client.items(calls.cohorts(limit=2))]
    assert found == ["7a", "a", "b", "c", "d", "e"]


async def test_a_class_that_changed_meanwhile_is_not_overwritten(client: AsyncClient) -> None:
    read = await client.exchange(calls.cohort("7a"))
    await client.send(calls.put_cohort(Cohort(cohort_id="7a", name="Seven"), etag=read.etag))
    for unfit in (calls.put_cohort(read.data, etag=read.etag), calls.put_cohort(read.data, only_new=True)):
        with pytest.raises(Conflict):
            await client.send(unfit)
    assert (await client.send(calls.cohort("7a"))).name == "Seven"


async def test_many_events_are_sent_in_parts_that_the_service_takes(
    school: School, client: AsyncClient
) -> None:
    parts = [await client.send(part) for part in calls.ingests(quiz() for _ in range(1_001))]
    assert [part.accepted for part in parts] == [1_000, 1]
    await school.fold()
    assert (await client.send(calls.profile("amal", position=parts[-1].position))).events == 1_001


def test_a_name_that_is_no_id_stays_in_its_place_of_the_path() -> None:
    assert calls.cohort("../audit?x=1").path == "/api/v1/cohorts/..%2Faudit%3Fx%3D1"


async def test_a_token_that_does_not_hold_is_told(school: School) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(school.app)) as http:
        with pytest.raises(NotAuthenticated):
            await AsyncClient("http://school", "no token", http=http).send(calls.cohorts())
