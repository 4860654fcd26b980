"""How often a caller may come: so many in any minute, told with each answer, counted by all replicas together."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import httpx2
import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryLimits
from mastery_engine.api.app import create_app
from mastery_engine.api.limits import TIMES, Rates
from mastery_engine.api.openapi import document
from mastery_engine.api.routes.process import INTENTS
from mastery_engine.api.table import OPERATIONS
from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.limits import shared_limits
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.access import Caller
from mastery_engine.engine.limiting import Limiting
from tests.api.school import NOW_MS, School, StillClock, client_of, quiz, served, trial_settings
from tools.own_redis import OwnRedis

QUERY = {"student_id": "amal"}


@asynccontextmanager
async def school_with(**given: object) -> AsyncGenerator[School]:
    settings = trial_settings(**given)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings, StillClock()))
        app = await stack.enter_async_context(served(create_app(settings, engine)))
        yield School(engine, await stack.enter_async_context(client_of(app)), settings, app)


def told(answer: httpx2.Response) -> tuple[int, int, int]:
    limit, remaining, reset = (
        int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")
    )
    return limit, remaining, reset - NOW_MS // 1_000


async def pass_time(school: School, seconds: float) -> None:
    await school.engine.adapters.clock.sleep(seconds)


async def test_so_many_pass_and_the_next_one_is_told_when_to_come_again() -> None:
    async with school_with(rates={"query": {"student": 2}}) as school:
        answers = [await school.query(QUERY, "amal", "student") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert [told(answer) for answer in answers] == [(2, 1, 60), (2, 0, 60), (2, 0, 60)]
        assert answers[2].json()["error"]["code"] == "RATE_LIMITED"
        assert answers[2].headers["Retry-After"] == "60"
        assert "Retry-After" not in answers[1].headers


async def test_who_comes_when_told_to_passes_and_who_comes_earlier_does_not() -> None:
    async with school_with(rates={"query": {"student": 1}}) as school:
        await school.query(QUERY, "amal", "student")
        await pass_time(school, 20)
        wait = int((await school.query(QUERY, "amal", "student")).headers["Retry-After"])
        await pass_time(school, wait - 1)
        assert (await school.query(QUERY, "amal", "student")).status_code == 429
        await pass_time(school, 1)
        assert (await school.query(QUERY, "amal", "student")).status_code == 404


@pytest.mark.parametrize(
    ("role", "limit"), [("student", 50), ("teacher", 200), ("admin", 500), ("service", 500)]
)
async def test_each_role_has_its_share_of_the_table(school: School, role: TokenRole, limit: int) -> None:
    answer = await school.query(QUERY, "one", role)
    assert told(answer)[:2] == (limit, limit - 1)


@pytest.mark.parametrize("role", ["service", "admin"])
async def test_the_rate_of_a_route_for_programs_is_their_own(school: School, role: TokenRole) -> None:
    answer = await school.post("ingest", quiz(), school.bearer("tutor", role))
    assert (answer.status_code, told(answer)[0]) == (202, 1_200)


async def test_callers_and_routes_are_counted_each_by_itself() -> None:
    rates = {"query": {"student": 1}, "calculate": {"student": 1}}
    async with school_with(rates=rates) as school:
        assert (await school.query(QUERY, "amal", "student")).status_code == 404
        assert (await school.query(QUERY, "amal", "student")).status_code == 429
        assert (await school.query(QUERY, "bo", "student")).status_code == 404
        assert (await school.query(QUERY, "amal", "teacher")).status_code == 404
        body = {"components": {"quiz": 1.0}}
        answer = await school.post("calculate", body, school.bearer("amal", "student"))
        assert answer.status_code == 200


async def test_the_same_name_in_two_schools_is_two_callers() -> None:
    async with school_with(rates={"query": {"student": 1}}) as school:
        north = school.bearer("amal", "student", "north")
        assert (await school.query(QUERY, "amal", "student")).status_code == 404
        assert (await school.post("query", QUERY, north)).status_code == 404


async def test_who_is_refused_costs_nothing_and_leaves_no_record() -> None:
    async with school_with(rates={"query": {"student": 1}}) as school:
        await school.query(QUERY, "amal", "student")
        before = await school.audit()
        await school.query(QUERY, "amal", "student")
        assert await school.audit() == before


async def test_a_question_through_process_counts_with_the_routes_own() -> None:
    async with school_with(rates={"query": {"student": 2}, "ingest": {"service": 1}}) as school:
        context = {"token": school.token("amal", "student")}
        asked = {"intent": "query_mastery", "payload": QUERY, "security_context": context}
        assert told(await school.http.post("/process", json=asked)) == (2, 1, 60)
        assert told(await school.query(QUERY, "amal", "student")) == (2, 0, 60)
        assert (await school.http.post("/process", json=asked)).status_code == 429


async def test_a_service_without_a_token_is_counted_by_the_name_of_its_app() -> None:
    async with school_with(rates={"ingest": {"service": 1}}) as school:
        for app, status in (("one", 202), ("one", 429), ("other", 202)):
            asked = {"intent": "ingest", "payload": quiz()}
            answer = await school.http.post("/process", json=asked, headers={"dapr-caller-app-id": app})
            assert answer.status_code == status, answer.text


async def test_two_replicas_count_together(redis_url: str) -> None:
    given: dict[str, Any] = {
        "limits_url": redis_url,
        "rates": {"query": {"student": 3}},
        "pseudonym_key": "k" * 32,
    }
    subject = f"amal-{id(given)}"
    async with school_with(**given) as one, school_with(**given) as other:
        answers = [await school.query(QUERY, subject, "student") for school in (one, other, one, other)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]


async def test_in_redis_no_name_of_a_caller_is_written(own_redis: OwnRedis) -> None:
    async with school_with(limits_url=own_redis.url) as school:
        await school.query(QUERY, "amal-somebody", "student")
    (name,) = await own_redis.tell("KEYS", "*")
    assert name.startswith(b"limit:")
    assert b"amal" not in name + b"".join(await own_redis.tell("LRANGE", name, 0, -1))


async def test_limits_that_do_not_answer_neither_open_the_door_nor_close_it(own_redis: OwnRedis) -> None:
    async with school_with(limits_url=own_redis.url, rates={"query": {"student": 2}}) as school:
        assert (await school.query(QUERY, "amal", "student")).status_code == 404
        own_redis.freeze()
        with capture_logs() as logs:
            answers = [await school.query(QUERY, "amal", "student") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert [line["event"] for line in logs if "limits" in line["event"]] == [
            "limits are this process's own until the shared ones answer"
        ]
        assert await status_of_limits(school) == "degraded"
        own_redis.thaw()
        await pass_time(school, 2)
        with capture_logs() as logs:
            await school.query(QUERY, "amal", "student")
        assert "limits are shared by all replicas again" in [line["event"] for line in logs]
        assert await status_of_limits(school) == "up"


async def status_of_limits(school: School) -> str:
    ready = await school.http.get("/ready")
    assert ready.status_code == 200
    found = {one["name"]: one["status"] for one in ready.json()["data"]["dependencies"]}
    return found["limits"]


async def test_while_they_do_not_answer_they_are_asked_once_a_second_only() -> None:
    asked: list[str] = []

    class Silent:
        async def take(self, key: str, most: int) -> None:
            asked.append(key)
            raise ConfigurationError(f"wants a password, {most}")

        async def close(self) -> None:
            return

    clock = StillClock()
    limits = Limiting(b"key", clock, MemoryLimits(clock), cast("Any", Silent))
    caller = Caller(tenant_id="default", subject="amal", role="student", request_id="r")
    for _ in range(5):
        assert (await limits.take(caller, "query", 10)).passed
    assert len(asked) == 1
    assert limits.trouble == "wants a password, 10"
    await clock.sleep(1)
    await limits.take(caller, "query", 10)
    assert len(asked) == 2
    await limits.close()


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({}, None),
        ({"limits_url": "memory://", "store_url": "redis://s:1/0"}, None),
        ({"store_url": "redis://s:1/0"}, "MASTERY_STORE_URL"),
        ({"store_url": "redis+cluster://s:1"}, "MASTERY_STORE_URL"),
        ({"cache_url": "redis://c:1/0"}, "MASTERY_CACHE_URL"),
        ({"store_url": "redis://s:1/0", "limits_url": "redis://l:1/0"}, "MASTERY_LIMITS_URL"),
    ],
)
def test_limits_are_shared_in_the_redis_that_there_is(given: dict[str, str], setting: str | None) -> None:
    found = cast("Any", shared_limits(trial_settings(**given)))
    assert (found and found.args[1]) == setting


@pytest.mark.parametrize("url", ["http://somewhere", "redis://h:0"])
def test_limits_in_what_is_no_redis_are_refused_at_the_start(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MASTERY_LIMITS_URL"):
        shared_limits(trial_settings(limits_url=url))


def test_a_rate_for_what_has_none_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="nothing; routes with a limit are "):
        create_app(trial_settings(rates={"nothing": {"student": 1}}))
    with pytest.raises(ConfigurationError, match="health"):
        create_app(trial_settings(rates={"health": {"student": 1}}))


def test_every_route_with_a_rate_tells_so_in_the_document_and_knows_every_role() -> None:
    rates = Rates(OPERATIONS, {})
    for row in OPERATIONS:
        described = document()["paths"][row.path][row.method]["responses"]
        if row.rate is None:
            continue
        assert all(rates.most(row.name, role) for role in TIMES), row.name
        assert "Retry-After" in described["429"]["headers"], row.name
        for status, answer in described.items():
            assert "X-RateLimit-Remaining" in answer["headers"], (row.name, status)


def test_every_intent_of_process_counts_with_a_route_that_has_a_rate() -> None:
    rates = Rates(OPERATIONS, {})
    for name, intent in INTENTS.items():
        assert rates.most(intent.operation, "student"), name
