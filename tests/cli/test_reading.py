"""Reading commands: understood by people, and the API's data for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, days_ago, quiz, write_lines


@pytest.fixture
def class_of_six(mastery: Mastery, tmp_path: Path) -> Mastery:
    events = [
        quiz(
            10 * place + day,
            student_id=f"student-{place}",
            correct_answers=min(10, place + day),
            timestamp=days_ago(5 - day),
        )
        for place in range(6)
        for day in range(4)
    ]
    assert mastery("ingest", write_lines(tmp_path / "class.jsonl", *events)).code == 0
    students = [option for place in range(6) for option in ("--student", f"student-{place}")]
    assert mastery("cohort", "put", "7b", "--name", "Class 7b", *students, "-s", "nobody").code == 0
    return mastery


def test_show_tells_score_level_parts_next_steps_and_forecast(class_of_six: Mastery) -> None:
    page = class_of_six("show", "student-5").out
    for words in ("of 100", "What makes the score", "not observed yet", "× 30%", "What to do next", "min"):
        assert words in page
    assert "In four of five such cases" in page
    assert max(map(len, page.splitlines())) <= 80
    assert "\x1b" not in page


def test_the_points_of_the_parts_make_the_score(class_of_six: Mastery) -> None:
    profile = class_of_six("show", "student-5", "--json").data
    parts = profile["current"]["components"]
    weights = {"completion": 0.4, "quiz": 0.3, "quality": 0.2, "consistency": 0.1}
    total = sum(weights[name] * view["value"] for name, view in parts.items())
    assert profile["current"]["score"] == pytest.approx(total, abs=2e-6)
    assert parts["completion"] == {"value": 0.0, "observed": False}


@pytest.mark.parametrize("formula", ["adr-004", "adr-004-observed"])
def test_the_points_that_are_shown_add_up_to_the_score_that_is_shown(
    class_of_six: Mastery, formula: str
) -> None:
    for place in range(6):
        page = class_of_six("show", f"student-{place}", "--formula", formula).out
        points = [
            float(line.split("= ")[1]) for line in page.splitlines() if "% = " in " ".join(line.split())
        ]
        score = next(line.split()[0] for line in page.splitlines() if " of 100  " in line)
        assert len(points) == 4
        assert sum(points) == pytest.approx(float(score))


def test_show_under_another_formula_foresees_under_it_too(class_of_six: Mastery) -> None:
    for formula in ("adr-004", "adr-004-observed"):
        page = class_of_six("show", "student-5", "--formula", formula).out
        score = next(line.split()[0] for line in page.splitlines() if " of 100  " in line)
        assert f"points from today's {score};" in page


def test_show_of_a_long_silent_student_says_so_and_once_why_there_is_no_forecast(
    mastery: Mastery, tmp_path: Path
) -> None:
    mastery("tenant", "create", "old", "--retention", "none")
    mastery("ingest", write_lines(tmp_path / "old.jsonl", quiz(1, timestamp=days_ago(200))), "-t", "old")
    page = mastery("show", "ada-01", "-t", "old").out
    assert "no event in these days" in page
    assert page.count("no forecast") == 1


def test_an_unknown_student_is_not_found_and_not_zero(mastery: Mastery) -> None:
    for command in ("show", "history", "forecast", "recommend"):
        done = mastery(command, "nobody")
        assert done.code == 4, command
        assert done.out == ""
        assert "student 'nobody'" in done.err
    assert json.loads(mastery("show", "nobody", "--json").err)["error"]["code"] == "NOT_FOUND"


def test_history_by_day_and_by_week(class_of_six: Mastery) -> None:
    daily = class_of_six("history", "student-5", "--json").data
    assert len(daily["days"]) == 4
    assert "Quizzes" in class_of_six("history", "student-5").out
    assert class_of_six("history", "student-5", "--by", "weekly", "--json").data["aggregation"] == "weekly"
    assert "Highest" in class_of_six("history", "student-5", "--by", "monthly").out
    assert "no event in these days" in class_of_six("history", "student-5", "--start", days_ago(0)[:10]).out


def test_forecast_in_words_and_with_too_few_days(class_of_six: Mastery, tmp_path: Path) -> None:
    assert "in 7 days: about" in class_of_six("forecast", "student-5").out
    assert (
        class_of_six("forecast", "student-5", "--days", "3", "--json").data["forecast"]["timeframe_days"] == 3
    )
    assert class_of_six("forecast", "student-5", "--days", "99").code == 2
    class_of_six("ingest", write_lines(tmp_path / "one.jsonl", quiz(900, student_id="new")))
    few = class_of_six("forecast", "new")
    assert few.code == 1
    assert "at least 3 are needed" in few.err


def test_recommendations_and_a_path_with_days(class_of_six: Mastery) -> None:
    assert "priority" in class_of_six("recommend", "student-0").out
    assert len(class_of_six("recommend", "student-0", "--limit", "1", "--json").data["recommendations"]) == 1
    assert "Together" in class_of_six("recommend", "student-0", "--path").out
    path = class_of_six("recommend", "student-0", "--path", "--minutes", "60", "--json").data
    assert path["plan"]["daily_minutes"] == 60
    late = class_of_six("recommend", "student-0", "--path", "--assessment", "2030-01-01")
    assert late.code == 2


def test_a_class_and_a_student_in_it(class_of_six: Mastery) -> None:
    table = class_of_six("compare", "7b").out
    assert "Class Class 7b" in table
    assert table.index("student-5") < table.index("student-0") < table.index("nobody")
    assert "not observed yet" in table
    data = class_of_six("compare", "7b", "--student", "student-5", "--json").data
    assert data["standings"]["score"]["rank"] == 1
    assert "1 of 6" in class_of_six("compare", "7b", "--student", "student-5").out
    assert class_of_six("compare", "8c").code == 4
    assert class_of_six("cohort", "list", "--json").data[0]["cohort_id"] == "7b"
    assert "Class 7b" in class_of_six("cohort", "list").out
    assert "class 7b (Class 7b)" in class_of_six("cohort", "show", "7b").out
    assert class_of_six("cohort", "show", "8c").code == 4


def test_a_comparison_by_course_names_the_course(class_of_six: Mastery) -> None:
    for more in ((), ("--student", "student-5")):
        title = class_of_six("compare", "7b", "--course", "algebra", *more).out.splitlines()[0]
        assert title.startswith("Class Class 7b · ")
        assert " · course algebra · " in title
    assert class_of_six("compare", "7b", "--course", "algebra", "--json").data["course_id"] == "algebra"
    assert class_of_six("compare", "7b", "--json").data["course_id"] is None


def test_a_roster_of_windows_is_read_as_it_is(mastery: Mastery, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes(b"\xef\xbb\xbfada-01\r\nben-01\r\n\r\nada-01\r\n")
    made = mastery("cohort", "put", "7b", "--students", file, "--teacher", "ms-lovelace")
    assert (made.code, made.out) == (0, "class 7b: 2 students, 1 teacher\n")


def test_a_class_is_not_emptied_by_leaving_the_students_out(class_of_six: Mastery, tmp_path: Path) -> None:
    refused = class_of_six("cohort", "put", "7b", "--teacher", "ms-lovelace")
    assert refused.code == 2
    assert "give all of the class by --students or --student" in refused.err
    assert class_of_six("cohort", "list", "--json").data[0]["students"] == 7
    nobody = tmp_path / "nobody.txt"
    nobody.touch()
    assert (
        class_of_six("cohort", "put", "7b", "--students", nobody).out == "class 7b: 0 students, 0 teachers\n"
    )


def test_a_what_if_stores_nothing(class_of_six: Mastery) -> None:
    before = class_of_six("show", "student-5", "--json").data
    assert (
        "That would be 100.0 of 100"
        in class_of_six(
            "calculate", "--completion", 1, "--quiz", 1, "--quality", 1, "--consistency", 1, "-s", "student-5"
        ).out
    )
    assert class_of_six("calculate", "--quiz", 2, "--json").code == 2
    assert class_of_six("calculate", "--quiz", 0.5, "--json").data["result"]["score"] == 0.15
    assert class_of_six("show", "student-5", "--json").data == before


def test_export_has_a_line_for_each_student_ordered_by_id(class_of_six: Mastery) -> None:
    lines = [json.loads(line) for line in class_of_six("export", "results").out.splitlines()]
    assert [line["student_id"] for line in lines] == [f"student-{place}" for place in range(6)]
    assert list(lines[0]) == ["student_id", "as_of", "overall", "courses"]
    assert list(lines[0]["overall"]) == ["score", "level", "components"]
    assert lines[0]["courses"].keys() == {"algebra"}
    assert class_of_six("export", "results", "--as-of", days_ago(30)[:10]).out == ""
    assert class_of_six("export", "results", "--tenant", "nowhere").code == 4


def test_a_stored_key_is_shown_decoded(class_of_six: Mastery) -> None:
    shown = class_of_six("state", "show", "student:student-5:profile:current_mastery").data
    assert shown["value"]["events"] == 4
    assert shown["value"]["courses"]["algebra"]["now"]["quiz"]["weight"] > 0
    record = class_of_six("state", "show", "processed:00000000-0000-4000-8000-000000000051").data
    assert record["value"]["outcome"]["event_id"] == "00000000000040008000000000000051"
    assert class_of_six("state", "show", "student:x").code == 4


def test_replay_agrees_and_tells_what_another_formula_would_change(class_of_six: Mastery) -> None:
    report = class_of_six("replay", "--all", "--dry-run", "--json").data
    assert (report["students"], report["equal"], report["different"]) == (6, 6, {})
    assert "6 equal the live state" in class_of_six("replay", "--all").out
    assert "1 student rebuilt from 4 events" in class_of_six("replay", "student-5").out
    assert "5 another" in class_of_six("replay", "--all", "--formula", "adr-004-observed").out
    assert class_of_six("replay", "--all", "--formula", "none").code == 4
    assert class_of_six("replay", "nobody").code == 4
    assert class_of_six("replay").code == 2
