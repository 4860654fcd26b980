"""Events in, answers out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.api.school import NOW_MS, School, quiz

ONE_HOUR_MS = 3_600_000


async def ingest(school: School, body: object) -> tuple[int, dict[str, Any]]:
    answer = await school.post("ingest", body, school.bearer("tutor", "service"))
    return answer.status_code, answer.json()


async def test_one_event_is_accepted_and_then_counts(school: School) -> None:
    status, body = await ingest(school, quiz(correct_answers=5))
    assert status == 202
    assert body["success"] is True
    await school.fold()
    profile = (await school.query({"student_id": "amal"})).json()["data"]
    assert profile["current"]["components"]["quiz"] == {"value": 0.5, "observed": True}
    assert profile["as_of"] == "2026-03-02"
    assert profile["events"] == 1


async def test_each_event_of_a_list_gets_a_result_of_its_own(school: School) -> None:
    good, bad = quiz(), quiz(correct_answers=11)
    answer = await school.post("ingest", [bad, good, 7], school.bearer("tutor", "service"))
    data = answer.json()["data"]
    assert answer.status_code == 202
    assert (data["accepted"], data["refused"]) == (1, 2)
    assert [item["index"] for item in data["results"]] == [0, 1, 2]
    assert [item["event_id"] for item in data["results"]] == [bad["event_id"], good["event_id"], None]
    assert data["results"][0]["errors"] == [
        {
            "field": "correct_answers",
            "value": "11",
            "rule": "must not be more than total_questions = 10",
            "index": 0,
            "event_id": bad["event_id"],
        }
    ]


async def test_400_if_no_event_was_accepted_with_every_rule_named(school: School) -> None:
    status, body = await ingest(school, [quiz(quiz_id=None, total_questions=3.0), {}])
    error = body["error"]
    assert status == 400
    assert error["code"] == "VALIDATION_ERROR"
    assert {(detail["index"], detail["field"]) for detail in error["details"]} == {
        (0, "quiz_id"),
        (0, "total_questions"),
        (1, "event_type"),
    }


@pytest.mark.parametrize("field", ["total_questions", "correct_answers"])
@pytest.mark.parametrize("value", [3.0, "3", True, None, -1, 10**7])
async def test_a_count_is_an_integer_and_nothing_like_one(school: School, field: str, value: object) -> None:
    status, _ = await ingest(school, quiz(**{field: value}))
    assert status == 400


async def test_unknown_fields_of_an_event_are_ignored(school: School) -> None:
    status, _ = await ingest(school, quiz(mood="sunny"))
    assert status == 202


async def test_ids_in_capitals_and_iso_times_are_read(school: School) -> None:
    sent = quiz(event_id="ABCDEFAB-0000-4000-8000-ABCDEFABCDEF", timestamp="2026-03-02T10:30:00+01:00")
    status, body = await ingest(school, sent)
    data = body["data"]
    assert status == 202
    assert data["results"][0]["event_id"] == "abcdefab-0000-4000-8000-abcdefabcdef"


async def test_the_same_event_twice_counts_once(school: School) -> None:
    event = quiz()
    for _ in range(2):
        status, _ = await ingest(school, [event, event])
        assert status == 202
    await school.fold()
    assert (await school.query({"student_id": "amal"})).json()["data"]["events"] == 1


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_list_holds_1_to_1000_events(school: School, count: int) -> None:
    status, _ = await ingest(school, [quiz()] * count)
    assert status == 400
    assert not any((await school.engine.adapters.log.ends()).values())


async def test_1000_events_are_taken_at_once(school: School) -> None:
    status, body = await ingest(school, [quiz() for _ in range(1_000)])
    data = body["data"]
    assert status == 202
    assert data["accepted"] == 1_000


@pytest.mark.parametrize("hours", [1, -24 * 91])
async def test_an_event_of_the_future_or_too_long_ago_is_refused(school: School, hours: int) -> None:
    status, _ = await ingest(school, quiz(timestamp=NOW_MS + hours * ONE_HOUR_MS))
    assert status == 400


async def test_a_query_names_a_course_or_means_all_together(school: School) -> None:
    await school.teach(
        "amal", quiz(course_id="py", correct_answers=10), quiz(course_id="js", correct_answers=0)
    )
    one = (await school.query({"student_id": "amal", "course_id": "py"})).json()["data"]
    both = (await school.query({"student_id": "amal"})).json()["data"]
    none = await school.query({"student_id": "amal", "course_id": "c"})
    assert one["current"]["components"]["quiz"]["value"] == 1.0
    assert sorted(both["courses"]) == ["js", "py"]
    assert none.status_code == 404


async def test_a_query_is_answered_as_of_a_day(school: School) -> None:
    day_before = NOW_MS - 24 * ONE_HOUR_MS
    await school.teach("amal", quiz(correct_answers=0, timestamp=day_before), quiz(correct_answers=10))
    then = (await school.query({"student_id": "amal", "date": "2026-03-01"})).json()["data"]
    earlier = await school.query({"student_id": "amal", "date": "2026-02-28"})
    assert then["current"]["components"]["quiz"]["value"] == 0.0
    assert then["events"] == 1
    assert earlier.status_code == 404


async def test_components_are_left_out_when_they_are_not_wanted(school: School) -> None:
    await school.teach("amal")
    data = (await school.query({"student_id": "amal", "include_components": False})).json()["data"]
    assert "components" not in data["current"]


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2199, 12, 31)])
async def test_every_day_that_may_be_asked_for_is_answered(school: School, day: date) -> None:
    await school.teach("amal")
    answer = await school.query({"student_id": "amal", "date": day.isoformat()})
    assert answer.status_code in {200, 404}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "student_id"),
        ({"student_id": 7}, "student_id"),
        ({"student_id": None}, "student_id"),
        ({"student_id": "a b"}, "student_id"),
        ({"student_id": "amal\n"}, "student_id"),
        ({"student_id": "x" * 51}, "student_id"),
        ({"student_id": "amal", "course_id": "a b"}, "course_id"),
        ({"student_id": "amal", "date": "yesterday"}, "date"),
        ({"student_id": "amal", "date": "2026-02-30"}, "date"),
        ({"student_id": "amal", "date": "2026-03-01T00:00:00Z"}, "date"),
        ({"student_id": "amal", "date": "9999-12-31"}, "date"),
        ({"student_id": "amal", "date": "1969-12-31"}, "date"),
        ({"student_id": "amal", "include_components": 1}, "include_components"),
        ({"student_id": "amal", "include_components": "true"}, "include_components"),
        ({"student_id": "amal", "tenant_id": "default"}, "tenant_id"),
        ([], ""),
        ("amal", ""),
    ],
)
async def test_a_query_that_breaks_a_rule_is_told_which(school: School, body: object, field: str) -> None:
    answer = await school.query(body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


async def test_every_broken_rule_of_a_query_is_named_at_once(school: School) -> None:
    answer = await school.query({"student": "amal", "date": 7, "include_components": 0})
    details = answer.json()["error"]["details"]
    assert [detail["field"] for detail in details] == ["student", "student_id", "date", "include_components"]


async def test_a_calculation_stores_nothing(school: School) -> None:
    bearer = school.bearer("amal", "student")
    body = {"components": {"completion": 1, "quiz": 1.0, "quality": 1, "consistency": 1}}
    answer = await school.post("calculate", body, bearer)
    assert answer.json()["data"]["result"]["score"] == 1.0
    assert answer.json()["data"]["result"]["level"] == "expert"
    assert (await school.query({"student_id": "amal"})).status_code == 404


async def test_a_calculation_shows_the_current_result_of_a_student_beside_it(school: School) -> None:
    await school.teach("amal", quiz(correct_answers=5))
    body = {"student_id": "amal", "components": {"quiz": 1.0}}
    data = (await school.post("calculate", body, school.bearer("amal", "student"))).json()["data"]
    assert data["current"]["components"]["quiz"]["value"] == 0.5
    assert data["result"]["components"]["quiz"]["value"] == 1.0
    data = (await school.post("calculate", body, school.bearer("tutor", "service"))).json()["data"]
    assert data["result"]["components"]["quiz"]["value"] == 1.0
    assert data.get("current") is None


@pytest.mark.parametrize(
    ("components", "field"),
    [
        ({}, "components"),
        ({"quiz": None}, "components"),
        ({"quiz": 1.01}, "components.quiz"),
        ({"quiz": -0.01}, "components.quiz"),
        ({"quiz": "1"}, "components.quiz"),
        ({"quiz": True}, "components.quiz"),
        ({"luck": 1.0}, "components.luck"),
        ([0.5], "components"),
        (None, "components"),
    ],
)
async def test_a_calculation_that_breaks_a_rule_is_told_which(
    school: School, components: object, field: str
) -> None:
    answer = await school.post("calculate", {"components": components}, school.bearer("a", "admin"))
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field
