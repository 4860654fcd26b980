"""Forecasts and trajectories over HTTP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.api.school import NOW, School

TODAY = NOW.date()


async def test_next_week_is_seven_days_ahead_with_an_interval_around_it(school: School) -> None:
    await school.teach_for_days("amal")
    data = (await school.ask("predictions/next-week", {"student_id": "amal"})).json()["data"]
    foreseen = data["forecast"]
    assert data["as_of"] == TODAY.isoformat()
    assert foreseen["timeframe_days"] == 7
    assert foreseen["interval_80"]["low"] <= foreseen["predicted_score"] <= foreseen["interval_80"]["high"]


async def test_next_week_is_no_other_week(school: School) -> None:
    answer = await school.ask("predictions/next-week", {"student_id": "amal", "days": 30})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "days"


async def test_too_few_days_with_an_event_are_told_as_such(school: School) -> None:
    await school.teach_for_days("amal", 2)
    for route in ("next-week", "trajectory"):
        answer = await school.ask(f"predictions/{route}", {"student_id": "amal"})
        assert answer.status_code == 400
        assert "3" in answer.json()["error"]["message"]


async def test_a_trajectory_holds_the_days_behind_and_those_ahead(school: School) -> None:
    await school.teach_for_days("amal", 9)
    sent = {"student_id": "amal", "days": 7, "ahead": 3}
    data = (await school.ask("predictions/trajectory", sent)).json()["data"]
    line = data["trajectory"]
    behind = [date.fromisoformat(point["day"]) for point in line["past"]]
    ahead = [date.fromisoformat(point["day"]) for point in line["ahead"]]
    assert behind == [TODAY - timedelta(days=back) for back in reversed(range(7))]
    assert ahead == [TODAY + timedelta(days=more) for more in (1, 2, 3)]
    assert line["past"][-1]["score"] == data["current"]["score"]
    assert line["forecast"]["predicted_score"] == line["ahead"][-1]["score"]
    assert all(point["interval_80"] is not None for point in line["ahead"])


@pytest.mark.parametrize(("field", "value"), [("days", 6), ("days", 91), ("ahead", 0), ("ahead", 31)])
async def test_a_trajectory_has_bounds(school: School, field: str, value: int) -> None:
    answer = await school.ask("predictions/trajectory", {"student_id": "amal", field: value})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]
