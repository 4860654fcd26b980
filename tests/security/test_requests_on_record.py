"""What is done about requests for data is on record, like every access to a student's data."""

from __future__ import annotations

from mastery_engine.engine.access import Caller
from tests.api.school import School


async def test_lifting_an_erasure_is_on_record_with_its_student(school: School) -> None:
    caller = Caller(tenant_id="default", subject="head", role="admin", request_id="r")
    asked = await school.engine.erasures.ask(caller, "amal")
    await school.ask(f"privacy/requests/{asked.request_id}/lift", {})
    found = [one for one in await school.audit() if one.action == "privacy.lift"]
    assert [one.subjects for one in found] == [(school.hash("amal"),)]


async def test_a_look_at_the_requests_about_data_is_on_record(school: School) -> None:
    assert (await school.get("privacy/requests")).status_code == 200
    assert [one.action for one in await school.audit()] == ["privacy.read"]


async def test_an_id_that_a_caller_gives_its_request_is_on_record_as_a_hash_and_is_found_by(
    school: School,
) -> None:
    await school.teach("amal")
    answer = await school.ask(
        "mastery/query", {"student_id": "amal"}, "head", "admin", {"X-Request-ID": "amal"}
    )
    assert answer.headers["x-request-id"] == "amal"
    assert "amal" not in str(await school.audit())
    for asked in ("amal", school.request_hash("amal")):
        found = await school.get(f"audit?request_id={asked}")
        assert [one["action"] for one in found.json()["data"]["items"]] == ["mastery.read"]
    assert (await school.get("audit?request_id=bo")).json()["data"]["items"] == []
