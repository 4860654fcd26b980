"""Erasures over HTTP: asked for, carried out by what runs beside the service, told with their report."""

from __future__ import annotations

import asyncio
import re

import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.background import background
from mastery_engine.api.pages import cursor_after
from mastery_engine.bootstrap import Engine
from mastery_engine.engine.erasure.runner import ErasureRunner
from tests.api.school import School, quiz


async def carry_out(engine: Engine) -> None:
    async with engine.eraser() as eraser:
        assert isinstance(eraser, ErasureRunner)
        await eraser.run_once()


async def ask(
    school: School, student_id: str, role: TokenRole = "admin", subject: str = "head"
) -> tuple[int, str, str]:
    answer = await school.http.delete(f"/api/v1/students/{student_id}", headers=school.bearer(subject, role))
    return answer.status_code, answer.headers.get("location", ""), answer.text


async def test_an_admin_asks_and_finds_the_report_where_the_answer_says(school: School) -> None:
    await school.teach("amal")
    await school.teach("bo", quiz(event_id="00000000-0000-4000-8000-0000000000b0"))
    status, place, told = await ask(school, "amal")
    assert (status, "amal" in told) == (202, False)
    again = await ask(school, "amal")
    assert again[1] == place
    (open_,) = (await school.get("privacy/requests")).json()["data"]["items"]
    assert (open_["state"], open_["kind"], place.endswith(open_["request_id"])) == ("open", "erasure", True)
    await carry_out(school.engine)
    done = (await school.http.get(place, headers=school.bearer("head", "admin"))).json()["data"]
    assert (done["state"], done["subject"]) == ("done", school.hash("amal"))
    assert done["report"]["removed"]["archive"] == 1
    assert "amal" not in str(done)
    assert (await school.query({"student_id": "amal"})).status_code == 404
    assert (await school.query({"student_id": "bo"})).status_code == 200


@pytest.mark.parametrize(
    ("subject", "role"), [("amal", "student"), ("ms-yun", "teacher"), ("tutor", "service")]
)
async def test_nobody_else_may_and_the_try_is_on_record(
    school: School, subject: str, role: TokenRole
) -> None:
    await school.teach("amal")
    assert (await ask(school, "amal", role, subject))[0] == 403
    last = (await school.audit())[-1]
    assert (last.action, last.allowed) == ("privacy.erase", False)
    for path in ("privacy/requests", "privacy/requests/00000000-0000-4000-8000-000000000001"):
        assert (await school.get(path, subject, role)).status_code == 403
    assert (await school.query({"student_id": "amal"})).status_code == 200


async def test_who_is_not_known_is_answered_alike_and_another_schools_request_is_not_there(
    school: School,
) -> None:
    await school.teach("amal")
    known, unknown = await ask(school, "amal"), await ask(school, "nobody")
    shape = re.compile(r"[0-9a-f-]{32,36}|\d{4}-\d\d-\d\dT[^\"]*")
    assert shape.sub("", known[2]) == shape.sub("", unknown[2])
    elsewhere = await school.http.get(known[1], headers=school.bearer("head", "admin", "other"))
    assert elsewhere.status_code == 404


async def test_requests_are_listed_in_pages_newest_first(school: School) -> None:
    for number in range(5):
        school.engine.adapters.clock.ms += 1  # pyright: ignore[reportAttributeAccessIssue]
        await ask(school, f"s-{number}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await school.get(f"privacy/requests?limit=2{cursor}")).json()["data"]
        seen += [one["subject"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [school.hash(f"s-{number}") for number in (4, 3, 2, 1, 0)]


async def test_a_cursor_with_what_no_database_takes_is_refused(school: School) -> None:
    cursor = cursor_after("1 \x00")
    assert (await school.get(f"privacy/requests?cursor={cursor}")).status_code == 400


async def test_a_lifted_erasure_lets_new_events_in_over_http(school: School) -> None:
    await school.teach("amal")
    _, place, _ = await ask(school, "amal")
    early = await school.http.post(f"{place}/lift", headers=school.bearer("head", "admin"))
    assert early.status_code == 409
    await carry_out(school.engine)
    lifted = await school.http.post(f"{place}/lift", headers=school.bearer("head", "admin"))
    assert lifted.json()["data"]["state"] == "lifted"
    clock = school.engine.adapters.clock
    clock.ms += 1_000  # pyright: ignore[reportAttributeAccessIssue]
    now = quiz(timestamp=clock.now_ms(), event_id="00000000-0000-4000-8000-0000000000c0")
    await school.teach("amal", now)
    assert (await school.query({"student_id": "amal"})).json()["data"]["events"] == 1


async def test_what_runs_beside_the_service_carries_an_erasure_out(school: School) -> None:
    await school.teach("amal")
    _, place, _ = await ask(school, "amal")
    async with asyncio.timeout(30), background(school.engine):
        while (await school.http.get(place, headers=school.bearer("head", "admin"))).json()["data"][
            "state"
        ] == "open":
            await asyncio.sleep(0)
            school.engine.adapters.clock.ms += 60_000  # pyright: ignore[reportAttributeAccessIssue]
