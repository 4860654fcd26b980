"""HEAD: as GET, without the body."""

from __future__ import annotations

import pytest

from mastery_engine.api.heads import has_head
from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from tests.api.school import School, quiz

STUDENT = "amal"
MASTERY = f"/api/v1/students/{STUDENT}/mastery"
NOT_OF_THE_ANSWER = "x-ratelimit-remaining"


def named(name: str) -> Operation:
    (one,) = (operation for operation in OPERATIONS if operation.name == name)
    return one


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/openapi.json", "/docs", MASTERY])
async def test_a_head_is_that_of_get_and_has_no_body(school: School, path: str) -> None:
    await school.teach(STUDENT, quiz())
    headers = school.bearer("head", "admin") | {"Accept-Encoding": "gzip", "X-Request-ID": "the-same"}
    asked = await school.http.get(path, headers=headers)
    head = await school.http.head(path, headers=headers)
    assert (head.status_code, head.content) == (asked.status_code, b"")
    told, expected = (
        {name: value for name, value in one.headers.items() if name != NOT_OF_THE_ANSWER}
        for one in (head, asked)
    )
    assert told == expected


async def test_a_head_is_allowed_limited_and_on_record_as_get_is(school: School) -> None:
    await school.teach(STUDENT, quiz())
    hidden = await school.http.head(MASTERY, headers=school.bearer("bo", "student"))
    assert (hidden.status_code, hidden.content) == (404, b"")
    assert (await school.http.head(MASTERY)).status_code == 401
    seen = await school.http.head(MASTERY, headers=school.bearer(STUDENT, "student"))
    again = await school.http.get(MASTERY, headers=school.bearer(STUDENT, "student"))
    left = [int(one.headers["x-ratelimit-remaining"]) for one in (seen, again)]
    assert left[0] - left[1] == 1
    trail = await school.get("audit", subject="head", role="admin")
    assert [one["allowed"] for one in trail.json()["data"]["items"] if one["action"] == "mastery.read"]


async def test_a_head_tells_what_the_caller_has_already(school: School) -> None:
    await school.teach(STUDENT, quiz())
    headers = school.bearer("head", "admin")
    tag = (await school.http.head(MASTERY, headers=headers)).headers["etag"]
    again = await school.http.head(MASTERY, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_what_takes_long_to_answer_has_no_head_and_everything_else_to_read_has_one() -> None:
    without = {one.name for one in OPERATIONS if one.method == "get" and not has_head(one)}
    assert without == {"stream", "export_student"}
    assert not has_head(named("ingest"))


@pytest.mark.parametrize("path", ["stream", "export"])
async def test_a_head_that_there_is_not_names_the_methods_that_there_are(school: School, path: str) -> None:
    answer = await school.http.head(
        f"/api/v1/students/{STUDENT}/{path}", headers=school.bearer("head", "admin")
    )
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
