"""What people read fits a terminal of 80 columns and one of 60, with nothing cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, days_ago, put_into_log, quiz, write_lines

STUDENT = "student-of-a-long-name"


@pytest.fixture
def three_students(mastery: Mastery, tmp_path: Path) -> Mastery:
    events = [
        quiz(10 * number + day, student_id=student, timestamp=days_ago(day + 1), correct_answers=10 - day)
        for number, student in enumerate((STUDENT, "ben-01", "chloe-01"))
        for day in range(5)
    ]
    mastery("ingest", write_lines(tmp_path / "events.jsonl", *events))
    put_into_log(quiz(1, correct_answers=0, source="x"))
    assert mastery("ingest", os.devnull).code == 3
    return mastery


@pytest.mark.parametrize("columns", [100, 80, 60])
def test_nothing_is_cut(three_students: Mastery, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in (
        ("show", STUDENT),
        ("history", STUDENT),
        ("history", STUDENT, "--by", "weekly"),
        ("forecast", STUDENT),
        ("dlq", "list"),
        ("replay", "--all", "--formula", "adr-004-observed"),
    ):
        page = three_students(*command).out
        assert "…" not in page, (command, page)
        assert max(map(len, page.splitlines())) <= columns
    days = [line[:10] for line in three_students("history", STUDENT).out.splitlines()]
    assert days_ago(1)[:10] in days


@pytest.mark.parametrize("columns", [80, 60])
def test_a_simulated_class_is_not_cut(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    mastery("simulate", "-n", 8, "--days", 60)
    student = mastery("compare", "class-1", "-t", "simulated", "--json").data["members"][0]["student_id"]
    for more in ((), ("--student", student)):
        page = mastery("compare", "class-1", "--tenant", "simulated", *more).out
        assert student in page
        assert "…" not in page
        assert max(map(len, page.splitlines())) <= columns
