"""A revoked token holds no longer, in every process within a second; and nobody pays for it with a read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import httpx2
import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.domain.errors import DependencyDown, NotAuthenticated
from mastery_engine.engine.revocations import KEPT_SECONDS, LONGEST_SECONDS, MARK_SECONDS, Revocations
from mastery_engine.ports import Entry, Write
from tests.api.school import NOW_MS, School, StillClock, open_school

NOW = NOW_MS // 1_000


class CountingStore(MemoryStateStore):
    """Counts reads of revocations, and stops answering when it is told to."""

    def __init__(self) -> None:
        super().__init__(StillClock())
        self.reads = 0
        self.down = False

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        if self.down:
            raise DependencyDown("the store at /somewhere/secret does not answer")
        self.reads += any("revoked:" in key for key in keys)
        return await super().get_many(keys)

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        if self.down:
            raise DependencyDown("the store at /somewhere/secret does not answer")
        return await super().write_many(writes)


async def ask(school: School, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await school.post("calculate", {"components": {"quiz": 0.9}}, headers)).status_code


async def revoke(
    school: School, body: object, role: TokenRole = "admin", tenant: str = "default"
) -> httpx2.Response:
    headers = school.bearer("the-head", role, tenant)
    return await school.http.post("/api/v1/tokens/revoke", json=body, headers=headers)


def pass_seconds(school: School, seconds: float) -> None:
    cast("StillClock", school.engine.adapters.clock).slept += seconds


def another_process(school: School) -> Revocations:
    engine = school.engine
    return Revocations(
        engine.adapters.store, engine.tenants, engine.access, engine.pseudonyms, engine.adapters.clock
    )


async def test_a_token_revoked_by_its_id_holds_no_longer_and_the_others_do(school: School) -> None:
    first, second = (school.token("amal", "student", token_id=name) for name in ("t-1", "t-2"))
    assert [await ask(school, first), await ask(school, second)] == [200, 200]
    answer = await revoke(school, {"jti": "t-1", "exp": NOW + 600})
    assert (answer.status_code, answer.json()["data"]["token_id"]) == (200, "t-1")
    assert [await ask(school, first), await ask(school, second)] == [401, 200]
    assert await ask(school, school.token("amal", "student")) == 200


async def test_all_tokens_of_somebody_issued_up_to_now_hold_no_longer(school: School) -> None:
    token, other = school.token("amal", "student"), school.token("bo", "student")
    answer = await revoke(school, {"subject": "amal"})
    assert answer.json()["data"]["not_before"] == NOW
    assert [await ask(school, token), await ask(school, other)] == [401, 200]
    cast("StillClock", school.engine.adapters.clock).ms += 1_000
    assert await ask(school, school.token("amal", "student")) == 200


async def test_a_moment_of_issue_with_a_fraction_is_no_way_past_the_second_it_lies_in(school: School) -> None:
    await revoke(school, {"subject": "amal"})
    check = another_process(school).check
    with pytest.raises(NotAuthenticated):
        await check("default", "amal", None, NOW + 0.5)
    await check("default", "amal", None, NOW + 1.0)


async def test_an_end_that_has_passed_is_not_believed_of_a_token_that_holds(school: School) -> None:
    token = school.token("amal", "student", token_id="t-1")
    answer = await revoke(school, {"jti": "t-1", "exp": 5})
    assert answer.json()["data"]["kept_until"] == NOW + LONGEST_SECONDS
    assert await ask(school, token) == 401


async def test_an_earlier_moment_lets_nothing_in_again_and_a_later_one_means_now(school: School) -> None:
    token = school.token("amal", "student")
    answer = await revoke(school, {"subject": "amal", "not_before": NOW + 10_000})
    assert answer.json()["data"]["not_before"] == NOW
    answer = await revoke(school, {"subject": "amal", "not_before": 0})
    assert answer.json()["data"]["not_before"] == NOW
    assert await ask(school, token) == 401


async def test_a_revoked_token_is_refused_as_invalid(school: School) -> None:
    await revoke(school, {"subject": "amal"})
    answer = await school.query({"student_id": "amal"}, "amal", "student")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "the token was revoked; get a new one"
    assert answer.headers["www-authenticate"] == 'Bearer realm="mastery-engine", error="invalid_token"'


async def test_an_admin_revokes_in_the_own_school_only(school: School) -> None:
    token = school.token("amal", "student", token_id="t-1")
    for body in ({"jti": "t-1"}, {"subject": "amal"}):
        assert (await revoke(school, body, tenant="north")).status_code == 200
    pass_seconds(school, MARK_SECONDS)
    assert await ask(school, token) == 200


@pytest.mark.parametrize("role", ["student", "teacher", "service"])
async def test_nobody_else_revokes_and_the_attempt_is_on_record(school: School, role: TokenRole) -> None:
    assert (await revoke(school, {"subject": "amal"}, role)).status_code == 403
    entry = (await school.audit())[-1]
    assert (entry.action, entry.allowed) == ("tokens.revoke", False)
    assert await ask(school, school.token("amal", "student")) == 200


async def test_revoking_is_on_record_without_the_id_of_the_student_or_of_the_token(school: School) -> None:
    await revoke(school, {"subject": "amal"})
    await revoke(school, {"jti": "the-token"})
    of_subject, of_token = (await school.audit())[-2:]
    assert of_subject.subjects == (school.hash("amal"),)
    assert of_subject.detail == {"not_before": str(NOW)}
    assert of_token.allowed
    assert "amal" not in str(of_subject)
    assert "the-token" not in str(of_token)


async def test_keys_in_the_store_name_neither_student_nor_token_and_expire(school: School) -> None:
    await revoke(school, {"subject": "amal"}, tenant="north")
    await revoke(school, {"jti": "ü" * 200, "exp": NOW + 60})
    found = [
        key async for batch in school.engine.adapters.store.scan("") for key in batch if "revoked:" in key
    ]
    assert len(found) == 4
    assert not any("amal" in key or "ü" in key for key in found)
    assert f"school:north:revoked:subject:{school.hash('amal', 'north')}" in found
    cast("StillClock", school.engine.adapters.clock).ms += 33 * 86_400_000
    left = [
        key async for batch in school.engine.adapters.store.scan("") for key in batch if "revoked:" in key
    ]
    assert left == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jti": ""},
        {"jti": "x" * 201},
        {"jti": "t-1", "subject": "amal"},
        {"jti": "t-1", "not_before": 1},
        {"subject": "amal", "exp": 1},
        {"subject": "os:root"},
        {"subject": 7},
        [],
        "t-1",
        {"jti": "t-1", "tenant_id": "north"},
    ],
)
async def test_what_names_no_token_is_refused(school: School, body: object) -> None:
    assert (await revoke(school, body)).status_code == 400


async def test_who_names_nothing_is_told_both_ways_to_name_something(school: School) -> None:
    for body in ({}, {"exp": 1}):
        details = (await revoke(school, body)).json()["error"]["details"]
        assert [one["field"] for one in details] == ["jti", "subject"]
        assert {one["rule"] for one in details} == {
            "is required: send jti (one token), or subject (all of somebody's)"
        }


async def test_another_process_refuses_the_token_within_a_second(school: School) -> None:
    other = another_process(school)
    await other.check("default", "amal", "t-1", NOW)
    await revoke(school, {"jti": "t-1"})
    await other.check("default", "amal", "t-1", NOW)
    pass_seconds(school, MARK_SECONDS)
    with pytest.raises(Exception, match="revoked"):
        await other.check("default", "amal", "t-1", NOW)


async def test_tokens_cost_one_read_a_second_and_after_a_revocation_one_more_each() -> None:
    store = CountingStore()
    async with open_school(store=store) as school:
        tokens = [school.token(f"s-{number}", "student") for number in range(10)]
        for token in tokens * 3:
            assert await ask(school, token) == 200
        assert store.reads == 1
        await revoke(school, {"jti": "t-1"})
        store.reads = 0
        for token in tokens * 3:
            assert await ask(school, token) == 200
        assert store.reads == 1 + len(tokens)
        pass_seconds(school, MARK_SECONDS)
        await ask(school, tokens[0])
        assert store.reads == 2 + len(tokens), "what is known of a token stays while nothing is revoked"
        pass_seconds(school, KEPT_SECONDS)
        await ask(school, tokens[0])
        assert store.reads == 4 + len(tokens)


async def test_a_store_that_is_down_keeps_the_door_shut() -> None:
    store = CountingStore()
    async with open_school(store=store) as school:
        token = school.token("amal", "student")
        assert await ask(school, token) == 200
        store.down = True
        pass_seconds(school, MARK_SECONDS)
        answer = await school.post(
            "calculate", {"components": {"quiz": 0.9}}, {"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 503
        assert "secret" not in answer.text
        store.down = False
        assert await ask(school, token) == 200


async def test_a_refused_token_is_logged_by_its_reason_and_without_its_content(school: School) -> None:
    await revoke(school, {"subject": "amal"})
    revoked = school.token("amal", "student")
    with capture_logs() as logs:
        assert await ask(school, revoked) == await ask(school, "x.y.z") == 401
    refused = [line for line in logs if line["event"] == "token refused"]
    assert [line["reason"] for line in refused] == ["revoked", "malformed"]
    assert revoked not in str(logs)
    assert "amal" not in str(logs)
