"""`mastery demo`, whole, through its real crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Mastery


def test_the_demonstration_proves_that_nothing_counts_twice_and_can_be_looked_into(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = mastery("demo", "--students", 6, "--today", "2026-03-02", "--json")
    assert done.code == 0
    story = done.data
    sent, proof, crash = story["sent"], story["proof"], story["crash"]
    assert proof["holds"]
    assert sent["different"] == proof["counted"] == proof["archived"]
    assert sent["records"] == sent["different"] + sent["repeated"] + sent["broken"]
    assert crash["signal"] == "SIGKILL"
    assert 0 < crash["uncommitted"] <= crash["written"] < sent["different"]
    assert len(story["dead_letters"]) == sent["broken"]
    monkeypatch.setenv("MASTERY_HOME", story["home"])
    monkeypatch.setenv("MASTERY_TENANT", story["tenant_id"])
    student = story["student"]["student_id"]
    assert mastery("show", student, "--as-of", "2026-03-02", "--json").data == story["student"]
    assert story["home"] == str(home / "demo")


def test_the_same_seed_and_day_show_the_same_class(mastery: Mastery) -> None:
    first, second = (
        mastery("demo", "--students", 5, "--today", "2026-03-02", "--json").data["comparison"]
        for _ in range(2)
    )
    assert first == second


def test_the_page_shows_the_class_a_student_and_the_dead_letters(mastery: Mastery) -> None:
    page = mastery("demo", "--students", 6).out
    for words in ("SIGKILL", "field by field", "Rank", "What to do next", "could not be counted", "Try next"):
        assert words in page
    lines = [line for line in page.splitlines() if "MASTERY_HOME" not in line]
    assert max(map(len, lines)) <= 80


def test_a_folder_that_is_no_demonstration_is_left_alone(mastery: Mastery, home: Path) -> None:
    (home / "demo").mkdir(parents=True)
    precious = home / "demo" / "thesis.txt"
    precious.write_text("mine", "utf-8")
    done = mastery("demo")
    assert done.code == 1
    assert "was not made by this demonstration" in done.err
    assert precious.read_text("utf-8") == "mine"
