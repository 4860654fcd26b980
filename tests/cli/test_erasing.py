"""Erasing students and schools from the command line: asked for, confirmed, carried out, and never undone."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from mastery_engine.cli import session
from mastery_engine.contracts.ledger_copy import MARK
from mastery_engine.engine.access import Caller
from tests.cli.conftest import Mastery, put_into_log, quiz, write_lines


@pytest.fixture
def schools(mastery: Mastery, tmp_path: Path) -> Mastery:
    """Two schools with the same two students, and a class each."""
    for number, tenant in enumerate(("north", "south")):
        assert mastery("tenant", "create", tenant, "--retention", "none").code == 0
        students = [quiz(number * 10 + one, student_id=name) for one, name in enumerate(("ada-01", "bob-01"))]
        file = write_lines(tmp_path / f"{tenant}.jsonl", *students)
        assert mastery("ingest", file, "--tenant", tenant).code == 0
    return mastery


def state_of(mastery: Mastery, student: str, tenant: str) -> int:
    return mastery("show", student, "--tenant", tenant).code


def test_a_student_is_erased_and_the_report_is_kept(schools: Mastery) -> None:
    done = schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait", "--json")
    assert (done.code, done.data["state"]) == (0, "done")
    assert done.data["report"]["removed"]["archive"] == 1
    assert "ada-01" not in done.out
    assert [state_of(schools, one, "north") for one in ("ada-01", "bob-01")] == [4, 0]
    assert state_of(schools, "ada-01", "south") == 0
    shown = schools("privacy", "show", done.data["request_id"], "--tenant", "north")
    assert (shown.code, "words_of_others" in shown.out) == (0, True)
    assert schools("privacy", "show", done.data["request_id"], "--tenant", "south").code == 4


def test_a_process_that_only_erases_keeps_its_log_lines_out_of_its_json(schools: Mastery) -> None:
    # What the fixture ran before has set the log up; a process of its own has not.
    structlog.reset_defaults()
    done = schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait", "--json")
    assert (done.code, done.data["state"]) == (0, "done")


def test_open_requests_are_counted_over_all_schools_with_the_age_of_the_oldest(schools: Mastery) -> None:
    assert schools("privacy", "requests", "--tenant", "north", "--json").data["open"] == []
    schools("privacy", "erase", "ada-01", "--tenant", "north")
    schools("privacy", "erase", "bob-01", "--tenant", "south")
    (counted,) = schools("privacy", "requests", "--tenant", "north", "--json").data["open"]
    assert (counted["kind"], counted["number"]) == ("erasure", 2)
    assert counted["oldest_seconds"] >= 0
    assert (
        "in all schools: 2 open of the kind erasure"
        in schools("privacy", "requests", "--tenant", "north").out
    )
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    assert "in all schools: nothing is open" in schools("privacy", "requests", "--tenant", "north").out


def test_neither_a_replay_nor_a_file_sent_again_brings_the_student_back(
    schools: Mastery, tmp_path: Path
) -> None:
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    assert schools("replay", "--all", "--tenant", "north").code == 0
    assert schools("replay", "ada-01", "--tenant", "north").code != 0
    schools("replay", "--all", "--tenant", "north", "--from", "topic")
    schools("ingest", tmp_path / "north.jsonl", "--tenant", "north")
    assert [state_of(schools, one, "north") for one in ("ada-01", "bob-01")] == [4, 0]
    assert "ada-01" not in schools("export", "results", "--tenant", "north").out


def sent_to(home: Path, tenant: str) -> bytes:
    """The events that the archive of a home has of a school."""
    with closing(sqlite3.connect(home / "archive.db")) as connection:
        rows = connection.execute(
            "SELECT student_id FROM events JOIN names ON no = tenant_no WHERE name = ?", (tenant,)
        )
        return b" ".join(row[0].encode() for row in rows)


@pytest.mark.parametrize("lost", ["state.db", "state.db and log.db"])
def test_a_backup_made_before_does_not_bring_the_student_back(
    schools: Mastery, home: Path, tmp_path: Path, lost: str
) -> None:
    schools("backup", "create", tmp_path / "backup")
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    for name in lost.split(" and "):
        for file in home.glob(f"{name}*"):
            file.unlink()
    back = schools("backup", "restore", tmp_path / "backup")
    assert back.code == 0, back.err
    schools("ingest", "/dev/null")
    schools("replay", "--all", "--tenant", "north")
    assert [state_of(schools, one, "north") for one in ("ada-01", "bob-01")] == [4, 0]
    assert state_of(schools, "ada-01", "south") == 0


def test_a_home_restored_whole_without_a_copy_of_the_ledger_forgets_and_erasing_again_mends_that(
    schools: Mastery, home: Path, tmp_path: Path
) -> None:
    schools("backup", "create", tmp_path / "backup")
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    shutil.rmtree(home)
    assert schools("backup", "restore", tmp_path / "backup").code == 0
    # The ledger went with the home: what the how-to says about this is there for a reason.
    assert state_of(schools, "ada-01", "north") == 0
    assert schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait").code == 0
    assert state_of(schools, "ada-01", "north") == 4


def test_a_home_restored_whole_learns_of_the_erasure_from_the_copy_of_the_ledger(
    schools: Mastery, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "ledger"
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(copy))
    assert schools("backup", "create", tmp_path / "backup").code == 0
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    (kept,) = (one for one in copy.iterdir() if one.name != MARK)
    assert "ada-01" not in kept.name + kept.read_text()
    shutil.rmtree(home)
    told = schools("backup", "restore", tmp_path / "backup", "--dry-run").out
    assert "1 erasure would be learned from the copy" in told
    back = schools("backup", "restore", tmp_path / "backup")
    assert (back.code, "1 erasure learned from the copy" in back.out) == (0, True), back.err
    assert [state_of(schools, one, "north") for one in ("ada-01", "bob-01")] == [4, 0]
    assert state_of(schools, "ada-01", "south") == 0
    schools("replay", "--all", "--tenant", "north")
    assert state_of(schools, "ada-01", "north") == 4
    # What came back with the files is erased with the next erasure that is carried out.
    schools("privacy", "erase", "nobody", "--tenant", "north", "--wait")
    assert b"ada-01" not in sent_to(home, "north")
    requests = schools("privacy", "requests", "--tenant", "north", "--json").data
    assert {one["state"] for one in requests["items"]} == {"done"}
    assert len(requests["items"]) == 2


def test_an_erasure_is_not_done_before_the_copy_of_the_ledger_has_it(
    schools: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "ledger"
    in_the_way.write_text("no folder")
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(in_the_way))
    # What the first command set up writes to an end that is closed by now.
    structlog.reset_defaults()
    failed = schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    assert (failed.code != 0, "cannot be" in failed.err) == (True, True)
    assert state_of(schools, "ada-01", "north") == 4
    assert schools("privacy", "requests", "--tenant", "north", "--json").data["items"][0]["state"] == "open"
    assert schools("backup", "create", tmp_path / "backup").code != 0
    in_the_way.unlink()
    assert schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait").code == 0
    assert len(list(in_the_way.glob("*-asked.json"))) == 1


@pytest.mark.parametrize("also_home", [False, True])
def test_nothing_is_restored_where_the_copy_of_the_ledger_should_be_and_is_not(
    schools: Mastery, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, also_home: bool
) -> None:
    assert schools("backup", "create", tmp_path / "backup").code == 0
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    if also_home:
        shutil.rmtree(home)
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(tmp_path / "not-mounted"))
    for flags in (("--replace", "--dry-run"), ("--replace", "--yes")):
        refused = schools("backup", "restore", tmp_path / "backup", *flags)
        assert refused.code == 1
        assert "no copy of the erasure ledger was begun at" in refused.err
        assert home.exists() is not also_home


def test_nothing_is_restored_with_a_copy_of_the_ledger_that_was_begun_anew(
    schools: Mastery, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(tmp_path / "copy"))
    assert schools("backup", "create", tmp_path / "backup").code == 0
    schools("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    shutil.rmtree(home)
    # What a service does that starts on an empty home while the disk of the copy is away.
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(tmp_path / "another"))
    assert schools("backup", "create", tmp_path / "other").code == 0
    shutil.rmtree(home)
    refused = schools("backup", "restore", tmp_path / "backup")
    assert (refused.code, "is another one than when the backup was made" in refused.err) == (1, True)
    assert not home.exists()
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(tmp_path / "copy"))
    assert schools("backup", "restore", tmp_path / "backup").code == 0
    assert state_of(schools, "ada-01", "north") == 4


def test_a_school_goes_only_when_that_is_confirmed_and_takes_no_other_along(schools: Mastery) -> None:
    unsure = schools("tenant", "erase", "north")
    assert (unsure.code, "--yes" in unsure.err) == (1, True)
    assert state_of(schools, "ada-01", "north") == 0
    assert schools("tenant", "erase", "nowhere", "--yes", "--wait").code == 4
    done = schools("tenant", "erase", "north", "--yes", "--wait", "--json")
    assert (done.code, done.data["state"], done.data["kind"]) == (0, "done", "tenant_erasure")
    assert done.data["report"]["students"] == 2
    assert "ada-01" not in done.out
    assert [one["tenant_id"] for one in schools("tenant", "list", "--json").data] == ["default", "south"]
    assert [state_of(schools, one, "south") for one in ("ada-01", "bob-01")] == [0, 0]
    assert schools("audit", "verify").code == 0
    put_into_log(quiz(90, tenant_id="north"))
    schools("ingest", "/dev/null")
    assert schools("show", "ada-01", "--tenant", "north").code == 4


def test_only_an_operator_erases_a_school(schools: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Caller

    def teacher(**given: object) -> object:
        return made(**{**given, "role": "teacher"})  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(session, "Caller", teacher)
    refused = schools("tenant", "erase", "north", "--yes")
    assert (refused.code, "tenant" in refused.err) == (1, True)
