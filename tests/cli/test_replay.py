"""`mastery replay` over a home in which something went wrong."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.replaying import lines_of
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.engine.replay_notes import ReplayNotes
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.ports import Write
from tests.cli.conftest import Mastery, days_ago, quiz, write_lines

EVENT = "00000000-0000-4000-8000-000000000001"
RECORD = keys.processed("default", bytes.fromhex(EVENT.replace("-", "")))


def spoil(key: str) -> None:
    """Damage what the home of the environment has under a key."""

    async def job() -> None:
        async with open_engine(load_settings()) as engine:
            await engine.adapters.store.write_many([Write(key, b"\xc1 rubbish")])

    asyncio.run(job())


def test_a_damaged_record_is_shown_told_and_written_anew(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    mastery("ingest", write_lines(tmp_path / "next.jsonl", quiz(2)))
    spoil(RECORD)
    assert mastery("state", "show", RECORD).data["value"] == {"damaged": b"\xc1 rubbish".hex()}
    dry = mastery("replay", "ada-01", "--dry-run").out
    assert "1 damaged `processed:` record; not mended (--dry-run)" in dry
    assert "1 damaged `processed:` record; 1 written anew" in mastery("replay", "ada-01").out
    assert mastery("state", "show", RECORD).data["value"]["outcome"]["event_id"] == EVENT.replace("-", "")
    assert "damaged" not in mastery("replay", "ada-01").out


def test_a_file_sent_again_over_a_damaged_record_leaves_a_letter_and_counts_once(
    mastery: Mastery, tmp_path: Path
) -> None:
    first = write_lines(tmp_path / "first.jsonl", quiz(1))
    mastery("ingest", first)
    mastery("ingest", write_lines(tmp_path / "next.jsonl", quiz(2)))
    spoil(RECORD)
    assert mastery("ingest", first).code == 3
    (letter,) = mastery("dlq", "list", "--json").data
    assert (letter["kind"], letter["reason"]) == ("processing", "damaged_record")
    assert mastery("replay", "ada-01").code == 0
    assert mastery("dlq", "reprocess", letter["letter_id"]).code == 0
    assert mastery("dlq", "list", "--json").data == []
    assert mastery("ingest", first).code == 0
    assert mastery("show", "ada-01", "--json").data["events"] == 2


def test_a_damaged_document_is_mended(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    before = mastery("show", "ada-01", "--json").data
    spoil(keys.document("default", "ada-01"))
    dry = mastery("replay", "--all", "--dry-run")
    assert dry.code == 1
    assert "a learner's document is damaged" in dry.out
    assert "1 switched" in mastery("replay", "--all").out
    assert mastery("show", "ada-01", "--json").data == before


def test_an_old_state_beside_a_newer_log_is_brought_up_to_it(
    mastery: Mastery, home: Path, tmp_path: Path
) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    shutil.copy(home / "state.db", tmp_path / "old.db")
    mastery("ingest", write_lines(tmp_path / "next.jsonl", quiz(2)))
    before = mastery("show", "ada-01", "--json").data
    for file in home.glob("state.db*"):
        file.unlink()
    shutil.copy(tmp_path / "old.db", home / "state.db")
    dry = mastery("replay", "--all", "--dry-run")
    assert dry.code == 1
    assert "000000000002 is committed and not live" in " ".join(dry.out.split())
    assert "1 switched" in mastery("replay", "--all").out
    assert mastery("show", "ada-01", "--json").data == before


def test_what_a_replay_leaves_to_others_is_told() -> None:
    report = ReplayReport(
        pending=[EVENT], behind=["ada-01", "bob-02", "cy-03"], lost=[EVENT], waiting=[EVENT]
    )
    console = Console(width=200)
    with console.capture() as captured:
        console.print(*lines_of(report, switch=True, limit=2), sep="\n")
    told = captured.get()
    assert "1 event left out, in the log and not folded yet" in told
    assert (
        "3 left alone, since whoever folds has yet to finish with them; run it again: ada-01, bob-02 and 1 more"
        in told
    )
    assert "1 event counted and not in the archive, so their students are left alone; send them again" in told
    assert "1 event left out, waiting among the dead letters" in told


def test_two_processes_rebuild_what_one_does(mastery: Mastery, tmp_path: Path) -> None:
    mastery(
        "ingest",
        write_lines(
            tmp_path / "events.jsonl", *(quiz(one, student_id=f"student-{one % 150}") for one in range(300))
        ),
    )
    spoil(keys.document("default", "student-7"))
    dry = [mastery("replay", "--all", "--dry-run", "--json", "--workers", workers).data for workers in (1, 2)]
    assert dry[0] == dry[1]
    assert (dry[0]["students"], dry[0]["events"], dry[0]["equal"]) == (150, 300, 149)
    both = mastery("replay", "--all", "--workers", 2)
    assert both.code == 0
    assert "150 students rebuilt from 300 events" in both.out
    assert "1 switched" in both.out
    assert mastery("replay", "--all", "--dry-run").code == 0


@pytest.mark.parametrize("option", [("--workers", 2), ("--resume",)])
def test_what_is_for_all_students_is_refused_for_one_and_for_a_what_if(
    mastery: Mastery, option: tuple[object, ...]
) -> None:
    for arguments in (("ada-01",), ("--all", "--formula", "adr-004")):
        wrong = mastery("replay", *arguments, *option)
        assert wrong.code == 2
        assert str(option[0]) in wrong.err


def test_with_nothing_to_go_on_with_the_command_that_begins_is_told(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    assert mastery("replay", "--all").code == 0
    none = mastery("replay", "--all", "--resume", "--dry-run")
    assert none.code == 4
    assert "there is no interrupted replay of 'default' to go on with" in none.err
    assert "begin one: mastery replay --all --dry-run --tenant default" in none.err


def test_of_a_day_those_are_rebuilt_who_have_an_event_on_it(mastery: Mastery, tmp_path: Path) -> None:
    def on(moment: str, number: int, student: str) -> dict[str, Any]:
        return quiz(number, timestamp=f"{days_ago(3)[:10]}T{moment}", student_id=student)

    mastery(
        "ingest",
        write_lines(
            tmp_path / "events.jsonl",
            on("00:00:00+00:00", 1, "first"),
            on("23:59:59.999+00:00", 2, "last"),
            on("00:30:00+01:00", 3, "before"),
            on("23:30:00-01:00", 4, "after"),
            quiz(5, student_id="first"),
        ),
    )
    for student in ("first", "before"):
        spoil(keys.document("default", student))
    day = days_ago(3)[:10]
    report = mastery("replay", "--day", day, "--json").data
    assert (report["students"], report["events"]) == (2, 3)
    assert (report["equal"], report["switched"], list(report["different"])) == (1, 1, ["first"])
    assert mastery("replay", "--day", day, "--dry-run").code == 0
    assert mastery("replay", "--all", "--dry-run").code == 1
    assert "0 students rebuilt from 0 events" in mastery("replay", "--day", days_ago(9)[:10]).out


def test_a_replay_is_of_a_student_or_of_all_or_of_a_day(mastery: Mastery) -> None:
    for arguments in (
        (),
        ("ada-01", "--all"),
        ("--all", "--day", "2026-01-01"),
        ("ada-01", "--day", "2026-01-01"),
    ):
        wrong = mastery("replay", *arguments)
        assert wrong.code == 2
        assert "name a student, or give --all, or --day" in " ".join(wrong.err.split())
    assert mastery("replay", "--day", "soon").code == 2
    assert mastery("replay", "--day", "2026-01-01", "--formula", "adr-004").code == 2


def test_a_home_whose_archive_is_lost_is_replayed_from_its_log(
    mastery: Mastery, home: Path, tmp_path: Path
) -> None:
    lines = [quiz(one, student_id=f"student-{one % 150}") for one in range(300)]
    mastery("ingest", write_lines(tmp_path / "events.jsonl", *lines, *lines[:3]))
    for file in home.glob("archive.db*"):
        file.unlink()
    spoil(keys.document("default", "student-7"))
    assert mastery("replay", "student-7").code == 4
    told = mastery("replay", "student-7", "--from", "topic", "--dry-run")
    assert told.code == 1
    assert "from the log: 300 events; passed over 0 refused, 3 repeated" in " ".join(told.out.split())
    report = mastery("replay", "--all", "--from", "topic", "--workers", 2, "--json").data
    assert (report["students"], report["equal"], report["switched"]) == (150, 149, 1)
    assert mastery("replay", "--all", "--from", "topic", "--dry-run").code == 0
    nobody = mastery("replay", "nobody", "--from", "topic")
    assert nobody.code == 4
    assert "the log has no event of student 'nobody'" in nobody.err


def test_the_report_on_a_slice_is_not_shown_beside_the_audit_trail(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))

    async def note() -> None:
        async with open_engine(load_settings()) as engine:
            await ReplayNotes(engine.adapters.store).note(
                "default", "run", 0, ReplayReport(behind=["ada-01"])
            )

    asyncio.run(note())
    shown = mastery("state", "show", keys.replayed_slice("default", "run", 0))
    assert shown.code == 0
    assert "ada-01" not in shown.out
