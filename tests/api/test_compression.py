"""Answers packed for those who take it."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from tests.api.school import School

PATH = "students/amal/mastery"
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


async def test_a_long_answer_is_packed_and_says_what_it_depends_on(school: School) -> None:
    headers = school.bearer("head", "admin") | GZIP
    await school.teach_for_days("amal")
    path = "/api/v1/predictions/trajectory"
    async with school.http.stream("POST", path, json={"student_id": "amal"}, headers=headers) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) == len(raw)
    assert msgspec.json.decode(gzip.decompress(raw))["data"]["student_id"] == "amal"


@pytest.mark.parametrize("headers", [PLAIN, {"Accept-Encoding": "br"}])
async def test_who_does_not_take_it_gets_it_as_it_is(school: School, headers: dict[str, str]) -> None:
    answer = await school.http.get("/openapi.json", headers=headers)
    assert "content-encoding" not in answer.headers


async def test_a_short_answer_is_not_worth_it(school: School) -> None:
    answer = await school.http.get("/health", headers=GZIP)
    assert "content-encoding" not in answer.headers


async def test_packed_bytes_have_a_tag_of_their_own_which_is_understood_when_it_comes_back(
    school: School,
) -> None:
    await school.teach_for_days("amal")
    packed = (await school.get(PATH, headers=GZIP)).headers["etag"]
    plain = (await school.get(PATH, headers=PLAIN)).headers["etag"]
    assert packed != plain
    for tag in (packed, plain):
        answer = await school.get(PATH, headers=GZIP | {"If-None-Match": tag})
        assert (answer.status_code, answer.headers["etag"]) == (304, tag)


@pytest.mark.parametrize("headers", [GZIP, PLAIN])
async def test_an_answer_without_a_body_depends_on_the_same_as_the_whole_one(
    school: School, headers: dict[str, str]
) -> None:
    await school.teach_for_days("amal")
    whole = await school.get(PATH, headers=headers)
    empty = await school.get(PATH, headers=headers | {"If-None-Match": "*"})
    assert (whole.status_code, empty.status_code) == (200, 304)
    assert empty.headers["vary"] == whole.headers["vary"] == "Authorization, Accept-Encoding"


async def test_what_an_answer_depends_on_is_told_once(school: School) -> None:
    for path in ("/openapi.json", "/docs/start.js"):
        told = (await school.http.get(path, headers=GZIP)).headers["vary"].lower().split(", ")
        assert told.count("accept-encoding") == 1, path


async def test_the_tag_of_a_packed_class_is_a_condition_that_holds(school: School) -> None:
    students = [{"person_id": f"student-{number}"} for number in range(100)]
    who = school.bearer("head", "admin")
    path = "/api/v1/cohorts/8b"
    made = await school.http.put(path, json={"students": students}, headers=who | GZIP)
    assert made.headers["content-encoding"] == "gzip"
    condition = {"If-Match": made.headers["etag"]}
    assert (await school.http.put(path, json={}, headers=who | condition)).status_code == 200
    assert (await school.http.put(path, json={}, headers=who | condition)).status_code == 409
