"""What would be if: compared without anything happening, and right when it has happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.school import School, quiz

PATH = "predictions/what-if"


async def asked(school: School, *interventions: dict[str, Any], **more: object) -> Any:
    answer = await school.ask(PATH, {"student_id": "amal", "interventions": interventions, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_what_would_be_is_what_is_once_it_has_happened(school: School) -> None:
    await school.teach_for_days("amal")
    foreseen = await asked(school, {"quiz": [9, 10]}, {"quality": 0.9}, {"quiz": [9, 10], "study_days": 2})
    again = await asked(school, {"quiz": [9, 10]})
    assert again["current"] == foreseen["current"], "asking has changed something"
    await school.teach("amal", quiz(total_questions=10, correct_answers=9))
    really = await asked(school, {"quality": 0.9})
    first = foreseen["interventions"][0]
    assert really["current"]["score"] == pytest.approx(first["result"]["score"], abs=1e-4)
    assert first["change"] == pytest.approx(first["result"]["score"] - foreseen["current"]["score"], abs=1e-9)


async def test_days_of_study_are_judged_on_the_last_of_them(school: School) -> None:
    await school.teach_for_days("amal")
    told = await asked(school, {"study_days": 3}, {"quality": 1}, date="2026-03-01")
    assert (told["as_of"], [one["on"] for one in told["interventions"]]) == (
        "2026-03-01",
        ["2026-03-04", "2026-03-01"],
    )


@pytest.mark.parametrize(
    ("interventions", "field", "rule"),
    [
        ([{"quality": 1}] * 6, "interventions", "must have at most 5 items; it has 6"),
        ([{"quality": 1}, {"quiz": None}], "interventions[1]", "must say what happens"),
        (
            [{"quiz": [11, 10]}],
            "interventions[0].quiz",
            "must not have more correct answers than questions = 10",
        ),
        ([{"exercises": 2}], "course_id", "has no exercises reported yet"),
        (
            [{"luck": 1}],
            "interventions[0].luck",
            "is not known; known are quiz, exercises, quality, study_days",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    school: School, interventions: list[dict[str, Any]], field: str, rule: str
) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask(PATH, {"student_id": "amal", "interventions": interventions})
    (problem,) = answer.json()["error"]["details"]
    assert (answer.status_code, problem["field"]) == (400, field)
    assert rule in problem["rule"]
