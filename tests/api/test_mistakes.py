"""Mistakes that newcomers make, and what they are told: what is missing, and which words are known."""

from __future__ import annotations

import pytest

from tests.api.school import School
from tests.api.test_envelope import code


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("mastery/query", "a JSON object with student_id"),
        ("mastery/ingest", "an event, or a list of events, as JSON"),
        ("tokens/revoke", "a JSON object with jti (one token), or with subject (all of somebody's)"),
        ("dlq/reprocess", "a JSON object with letter_ids"),
        ("cohorts/import", "a CSV file whose first line names its columns"),
    ],
)
async def test_an_empty_body_is_told_as_such_with_what_belongs_into_it(
    school: School, path: str, wanted: str
) -> None:
    media_type = "text/csv" if path == "cohorts/import" else "application/json"
    headers = school.bearer("head", "admin") | {"Content-Type": media_type}
    if path == "mastery/ingest":
        headers |= school.bearer("lms", "service")
    answer = await school.http.post(f"/api/v1/{path}", content=b"", headers=headers)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["message"] == f"the body is empty; send {wanted}"


@pytest.mark.parametrize(
    ("path", "sent", "field", "known"),
    [
        ("GET dlq?status=lost", None, "status", "all, discarded, open, reprocessed"),
        (
            "POST batch/mastery",
            {"student_ids": ["amal"], "priority": "soon"},
            "priority",
            "high, low, normal",
        ),
        (
            "POST analytics/compare",
            {"student_id": "amal", "cohort_id": "7a", "metric": "luck"},
            "metric",
            "completion, consistency, quality, quiz, score",
        ),
    ],
)
async def test_who_sends_a_word_that_is_not_known_is_told_those_that_are(
    school: School, path: str, sent: object, field: str, known: str
) -> None:
    method, route = path.split(" ")
    who = school.bearer("head", "admin")
    answer = await school.http.request(method, f"/api/v1/{route}", json=sent, headers=who)
    assert code(answer) == (400, "VALIDATION_ERROR")
    (detail,) = answer.json()["error"]["details"]
    assert (detail["field"], detail["rule"]) == (field, f"must be one of {known}")


@pytest.mark.parametrize("path", ["mastery/query", "cohorts/import"])
async def test_who_forgets_body_and_media_type_is_told_of_the_body(school: School, path: str) -> None:
    who = school.bearer("head", "admin")
    answer = await school.http.post(f"/api/v1/{path}", headers=who)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["message"].startswith("the body is empty; send ")


async def test_who_sends_a_body_without_its_media_type_is_told_of_that(school: School) -> None:
    who = school.bearer("head", "admin")
    answer = await school.http.post("/api/v1/mastery/query", content=b"{}", headers=who)
    assert code(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_who_sends_nothing_where_nothing_is_required_is_told_the_least_that_can_be_sent(
    school: School,
) -> None:
    headers = school.bearer("head", "admin") | {"Content-Type": "application/json"}
    answer = await school.http.put("/api/v1/cohorts/8b", content=b"", headers=headers)
    assert answer.json()["error"]["message"] == "the body is empty; send a JSON object, as in: {}"
    assert (await school.http.put("/api/v1/cohorts/8b", content=b"{}", headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("route", "sent", "told"),
    [
        ("mastery/query", {"student_id": "a b"}, ("student_id", "must be 1 to 50 of A-Z a-z 0-9 _ and -")),
        (
            "mastery/query",
            {"student_id": "amal", "date": "2026-13-01"},
            ("date", "must be a day such as 2026-01-31"),
        ),
        (
            "mastery/query",
            {"student_id": "amal", "include_components": "yes"},
            ("include_components", "must be true or false, not text"),
        ),
        ("mastery/calculate", {"components": {"quiz": 2}}, ("components.quiz", "must be <= 1")),
        (
            "predictions/trajectory",
            {"student_id": "amal", "days": "7"},
            ("days", "must be an integer, not text"),
        ),
        ("predictions/trajectory", {"student_id": "amal", "days": 3}, ("days", "must be >= 7")),
        ("batch/mastery", {"student_ids": []}, ("student_ids", "must have at least 1 item")),
        (
            "batch/mastery",
            {"student_ids": ["amal", 5]},
            ("student_ids[1]", "must be text, not an integer"),
        ),
        (
            "tokens/revoke",
            {"jti": "\n"},
            ("jti", "must be 1 to 200 characters, none of them for control"),
        ),
    ],
)
async def test_a_broken_rule_is_told_in_words_and_at_its_place(
    school: School, route: str, sent: object, told: tuple[str, str]
) -> None:
    who = school.bearer("head", "admin")
    answer = await school.http.post(f"/api/v1/{route}", json=sent, headers=who)
    assert code(answer) == (400, "VALIDATION_ERROR")
    (detail,) = answer.json()["error"]["details"]
    assert (detail["field"], detail["rule"]) == told


async def test_every_mistake_in_a_list_is_told_at_its_place(school: School) -> None:
    who = school.bearer("head", "admin")
    sent = {"teachers": [{"person_id": "ms yun", "from": "x"}, {}]}
    answer = await school.http.put("/api/v1/cohorts/7a", json=sent, headers=who)
    told = {one["field"]: one["rule"] for one in answer.json()["error"]["details"]}
    assert told == {
        "teachers[0].from": "is not known; known are person_id, start, end",
        "teachers[0].person_id": "must be 1 to 200 visible characters of ASCII, without spaces and not beginning with os:",
        "teachers[1].person_id": "is required",
    }


@pytest.mark.parametrize(
    ("route", "rule"),
    [
        ("cohorts?limit=x", "must be an integer"),
        ("cohorts?limit=501", "must be <= 500"),
        ("cohorts?cursor=%20", "must be the `next_cursor` of a page of this list"),
        ("audit?from=2026-01-01", "must be a moment with an offset, such as 2026-01-31T12:00:00Z"),
        ("audit?allowed=maybe", "must be true or false"),
        ("students/a%20b/mastery", "must be 1 to 50 of A-Z a-z 0-9 _ and -"),
        ("students/amal/mastery?date=tomorrow", "must be a day such as 2026-01-31"),
        ("jobs/zz", "must be 32 digits and letters a to f, as the answer told it"),
        ("privacy/requests/zz", "must be a UUID in lower case, as the answer to asking told it"),
    ],
)
async def test_a_broken_parameter_is_told_in_words(school: School, route: str, rule: str) -> None:
    answer = await school.get(route)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert [one["rule"] for one in answer.json()["error"]["details"]] == [rule]
