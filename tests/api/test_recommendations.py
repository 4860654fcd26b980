"""Advice over HTTP."""

from __future__ import annotations

import pytest

from tests.api.school import School, quiz


async def test_recommendations_come_best_first_and_no_more_than_asked_for(school: School) -> None:
    await school.teach("amal", quiz(correct_answers=3))
    whole = (await school.ask("recommendations/adaptive", {"student_id": "amal"})).json()["data"]
    gains = [one["gain"] for one in whole["recommendations"]]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) > 1
    first = (await school.ask("recommendations/adaptive", {"student_id": "amal", "limit": 1})).json()["data"]
    assert first["recommendations"] == whole["recommendations"][:1]


@pytest.mark.parametrize("priority", ["high", "medium", "low"])
async def test_a_priority_leaves_the_others_out_before_the_limit_does(school: School, priority: str) -> None:
    await school.teach("amal", quiz(correct_answers=3))
    whole = (await school.ask("recommendations/adaptive", {"student_id": "amal"})).json()["data"]
    sent = {"student_id": "amal", "priority": priority, "limit": 10}
    data = (await school.ask("recommendations/adaptive", sent)).json()["data"]
    assert data["recommendations"] == [one for one in whole["recommendations"] if one["priority"] == priority]


@pytest.mark.parametrize(
    ("field", "value"), [("limit", 0), ("limit", 11), ("limit", "3"), ("priority", "urgent")]
)
async def test_limit_and_priority_have_bounds(school: School, field: str, value: object) -> None:
    answer = await school.ask("recommendations/adaptive", {"student_id": "amal", field: value})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


async def test_a_path_lays_its_steps_out_over_days_of_the_minutes_given(school: School) -> None:
    await school.teach_for_days("amal")
    sent = {"student_id": "amal", "daily_minutes": 10}
    path = (await school.ask("recommendations/learning-path", sent)).json()["data"]
    assert path["plan"]["daily_minutes"] == 10
    assert path["total_minutes"] == sum(step["minutes"] for step in path["steps"])
    assert path["steps"][0]["starts_on"] == path["as_of"]


async def test_a_path_to_an_assessment_ends_before_it(school: School) -> None:
    await school.teach_for_days("amal")
    sent = {"student_id": "amal", "goal": "prepare_assessment", "assessment_date": "2026-03-05"}
    path = (await school.ask("recommendations/learning-path", sent)).json()["data"]
    assert all(step["ends_on"] < "2026-03-05" for step in path["steps"])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"goal": "fame"}, "goal"),
        ({"daily_minutes": 4}, "daily_minutes"),
        ({"topic_id": "loops"}, "topic_id"),
        ({"assessment_date": "2026-06-01"}, "assessment_date"),
        ({"goal": "prepare_assessment", "assessment_date": "2026-03-02"}, "assessment_date"),
        ({"goal": "prepare_assessment", "assessment_date": "2200-01-01"}, "assessment_date"),
    ],
)
async def test_what_cannot_be_planned_is_refused(school: School, sent: dict[str, object], field: str) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask("recommendations/learning-path", {"student_id": "amal", **sent})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]
