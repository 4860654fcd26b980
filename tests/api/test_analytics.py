"""Histories and comparisons over HTTP, as JSON and as tables."""

from __future__ import annotations

import csv
import io

import httpx2
import pytest

from mastery_engine.domain.cohort import Cohort, Membership
from tests.api.school import School

CSV = {"Accept": "text/csv"}
HISTORY = {"student_id": "amal"}


def table(answer: httpx2.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.reader(io.StringIO(answer.text)))


@pytest.mark.parametrize(("aggregation", "buckets"), [("daily", 9), ("weekly", 3), ("monthly", 2)])
async def test_a_history_is_put_together_by_days_weeks_or_months(
    school: School, aggregation: str, buckets: int
) -> None:
    await school.teach_for_days("amal", 9)
    data = (await school.ask("analytics/mastery-history", {**HISTORY, "aggregation": aggregation})).json()[
        "data"
    ]
    assert data["aggregation"] == aggregation
    assert len(data["buckets"]) == buckets
    assert len(data["days"]) == 9


async def test_a_history_begins_and_ends_where_it_is_asked_to(school: School) -> None:
    await school.teach_for_days("amal", 9)
    sent = {**HISTORY, "start": "2026-02-25", "end": "2026-02-27"}
    data = (await school.ask("analytics/mastery-history", sent)).json()["data"]
    assert [one["day"] for one in data["days"]] == ["2026-02-25", "2026-02-26", "2026-02-27"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"start": "2026-03-02", "end": "2026-03-01"}, "start"),
        ({"aggregation": "yearly"}, "aggregation"),
        ({"start": "yesterday"}, "start"),
        ({"start": "2200-01-01"}, "start"),
    ],
)
async def test_a_history_that_cannot_be_is_refused(school: School, sent: dict[str, str], field: str) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask("analytics/mastery-history", {**HISTORY, **sent})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


async def test_a_history_as_a_table_holds_the_same_numbers(school: School) -> None:
    await school.teach_for_days("amal", 3)
    rows = table(await school.ask("analytics/mastery-history", HISTORY, headers=CSV))
    buckets = (await school.ask("analytics/mastery-history", HISTORY)).json()["data"]["buckets"]
    assert rows[0] == ["label", "start", "end", "mean", "min", "max", "last", "days"]
    assert rows[1:] == [[str(one[name]) for name in rows[0]] for one in buckets]


async def test_a_table_is_kept_under_a_name_that_names_nobody(school: School) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask("analytics/mastery-history", HISTORY, headers=CSV)
    assert answer.headers["content-disposition"] == 'attachment; filename="mastery-history.csv"'


async def test_an_error_is_json_whatever_the_table_would_have_been(school: School) -> None:
    answer = await school.ask("analytics/mastery-history", HISTORY, headers=CSV)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("text/csv, application/json;q=0.9", "text/csv; charset=utf-8; header=present"),
        ("text/*", "text/csv; charset=utf-8; header=present"),
        ("application/json;q=0, */*", "text/csv; charset=utf-8; header=present"),
    ],
)
async def test_the_caller_says_what_is_answered(school: School, accept: str, media_type: str) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask("analytics/mastery-history", HISTORY, headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("path", ["analytics/mastery-history", "analytics/compare"])
async def test_what_is_neither_json_nor_a_table_is_not_answered(school: School, path: str) -> None:
    answer = await school.ask(path, {}, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "application/json or text/csv" in answer.json()["error"]["message"]


async def test_a_teacher_sees_the_class_and_a_student_their_own_place(school: School) -> None:
    await school.teach("amal")
    whole = (await school.ask("analytics/compare", {"cohort_id": "7a"}, "ms-yun", "teacher")).json()["data"]
    assert [one["student_id"] for one in whole["members"]] == ["amal", "bo"]
    sent = {"cohort_id": "7a", "student_id": "amal", "metric": "quiz"}
    own = (await school.ask("analytics/compare", sent, "amal", "student")).json()["data"]
    assert own["members"] is None
    assert list(own["standings"]) == ["quiz"]
    assert own["standings"]["quiz"]["with_evidence"] is None, "a class of two tells of the other one"


@pytest.mark.parametrize(("subject", "role"), [("amal", "student"), ("mr-no", "teacher")])
async def test_a_class_that_may_not_be_seen_answers_like_one_that_does_not_exist(
    school: School, subject: str, role: str
) -> None:
    bearer = school.bearer(subject, role)  # type: ignore[arg-type]
    texts = [
        (await school.http.post("/api/v1/analytics/compare", json={"cohort_id": name}, headers=bearer)).json()
        for name in ("7a", "9z")
    ]
    messages = [text["error"]["message"].replace("9z", "7a") for text in texts]
    assert messages[0] == messages[1]
    assert {text["error"]["code"] for text in texts} == {"NOT_FOUND"}


async def test_a_whole_class_as_a_table_has_a_row_for_each_member(school: School) -> None:
    await school.teach("amal")
    rows = table(await school.ask("analytics/compare", {"cohort_id": "7a"}, headers=CSV))
    assert rows[0] == ["student_id", "value", "level", "rank"]
    assert [row[0] for row in rows[1:]] == ["amal", "bo"]
    assert rows[2][1:] == ["", "", ""], "who has no evidence has no number"


async def test_one_student_in_a_class_as_a_table_has_a_row_for_each_metric(school: School) -> None:
    await school.teach("amal")
    rows = table(
        await school.ask("analytics/compare", {"cohort_id": "7a", "student_id": "amal"}, headers=CSV)
    )
    assert [row[0] for row in rows] == ["metric", "score", "completion", "quiz", "quality", "consistency"]


async def test_no_cell_of_a_table_is_taken_for_a_formula(school: School) -> None:
    students = (Membership(person_id="-1_2"), Membership(person_id="plain"))
    await school.engine.adapters.rosters.put("default", [Cohort(cohort_id="9f", students=students)])
    rows = table(await school.ask("analytics/compare", {"cohort_id": "9f"}, headers=CSV))
    assert [row[0] for row in rows[1:]] == ["'-1_2", "plain"]
