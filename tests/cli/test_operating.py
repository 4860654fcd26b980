"""Commands for those who run it: schools, formulas, dead letters, the doctor, and what goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.api.openapi import document
from mastery_engine.cli.letters import LetterView, bytes_of, page
from tests.cli.conftest import Mastery, make_a_dead_letter


def test_the_description_of_the_api_is_printed_without_a_service(mastery: Mastery) -> None:
    printed = json.loads(mastery("openapi").out)
    assert printed == document()
    assert mastery("openapi", "--json").out == mastery("openapi").out


def test_a_school_is_made_once_and_shown(mastery: Mastery) -> None:
    made = mastery(
        "tenant", "create", "north", "--retention", "none", "--time-zone", "Europe/Berlin", "--json"
    )
    assert made.data["retention_days"] is None
    again = mastery("tenant", "create", "north")
    assert again.code == 1
    assert "exists already" in again.err
    assert mastery("tenant", "show", "north", "--json").data["time_zone"] == "Europe/Berlin"
    assert "Europe/Berlin" in mastery("tenant", "show", "north").out
    assert [one["tenant_id"] for one in mastery("tenant", "list", "--json").data] == ["default", "north"]
    assert "always there" in mastery("tenant", "list").out
    assert mastery("tenant", "show", "south").code == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["No Good"], 2),
        (["north", "--retention", "soon"], 2),
        (["north", "--retention", "3"], 2),
        (["north", "--time-zone", "Mars/North"], 2),
        (["north", "--formula", "none"], 4),
    ],
)
def test_a_school_that_cannot_be_is_refused(mastery: Mastery, arguments: list[str], code: int) -> None:
    done = mastery("tenant", "create", *arguments)
    assert done.code == code
    assert done.err


def test_formulas_are_listed_and_shown(mastery: Mastery) -> None:
    assert "adr-004-observed@1" in mastery("formula", "list").out
    assert mastery("formula", "list", "--json").data[0]["name"] == "adr-004"
    page = mastery("formula", "show", "adr-004").out
    assert "expert" in page
    assert "90" in page
    assert mastery("formula", "show", "adr-004@1", "--json").data["weights"]["quiz"] == 0.3
    assert mastery("formula", "show", "adr-005").code == 4


def test_a_dead_letter_is_listed_mended_and_counted(mastery: Mastery) -> None:
    make_a_dead_letter(mastery)
    letter = mastery("dlq", "list", "--json").data[0]["letter_id"]
    assert "event_id_reused" in mastery("dlq", "list").out
    assert "correct_answers" in mastery("dlq", "show", letter).out
    assert mastery("dlq", "reprocess", "--all", "--dry-run", "--json").data[0]["outcome"] == "dry_run"
    new_id = "00000000-0000-4000-8000-000000000099"
    assert mastery("dlq", "fix", letter, "--set", "correct_answers=99999999").code == 2
    assert mastery("dlq", "fix", letter, "--set", f"event_id={new_id}").code == 0
    assert mastery("dlq", "reprocess", letter, "--rate", 0).code == 2
    looked = mastery("dlq", "reprocess", "--all", "--dry-run", "--rate", 0.1)
    assert "1 would be sent; takes 10 seconds" in looked.err
    done = mastery("dlq", "reprocess", letter, "--rate", 100)
    assert (done.code, "1 sent" in done.err) == (0, True)
    assert mastery("show", "ada-01", "--json").data["events"] == 2
    assert "no dead letters" in mastery("dlq", "list").out
    shown = mastery("dlq", "show", letter, "--json").data
    assert shown["status"] == "reprocessed"
    assert "00000000-0000-4000-8000-000000000001" in shown["original"]


def test_a_dead_letter_is_shown_whole_and_its_bytes_command_no_terminal(mastery: Mastery) -> None:
    make_a_dead_letter(mastery, metadata={str(key): "x" * 400 for key in range(9)})
    found = mastery("dlq", "list", "--json").data[0]
    shown = mastery("dlq", "show", found["letter_id"]).out
    assert found["payload"] in shown.splitlines()
    assert "…" not in shown
    evil = {
        **found,
        "payload": "a\x1b[2Jb",
        "original": "\x07",
        "student_id": "\x1b]0;x",
        "headers": [("trace\x1b", "\x1b]1")],
    }
    one = msgspec.convert(evil, LetterView)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(*page(one))
    told = bytes_of(one) + captured.get()
    assert "\\x1b]0;x" in told
    assert "trace\\x1b: \\x1b]1" in told
    assert "a\\x1b[2Jb" in told
    assert "\x1b" not in told
    assert "\x07" not in told


def test_a_dead_letter_is_discarded_with_a_reason_once(mastery: Mastery) -> None:
    make_a_dead_letter(mastery)
    letter = mastery("dlq", "list", "--tenant", "default", "--json").data[0]["letter_id"]
    assert mastery("dlq", "discard", letter).code == 2
    assert mastery("dlq", "discard", letter, "--reason", " ").code == 2
    assert mastery("dlq", "discard", letter, "--reason", "a test").code == 0
    assert mastery("dlq", "discard", letter, "--reason", "a test").code == 1
    assert "discarded" in mastery("dlq", "list", "--status", "all").out
    assert mastery("dlq", "show", "none").code == 4


def test_the_doctor_tells_settings_with_their_source_and_hides_secrets(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a-secret-that-nobody-may-ever-see-printed"
    monkeypatch.setenv("MASTERY_JWT_SECRET", secret)
    home.mkdir()
    (home / "mastery.toml").write_text('tenant = "default"\nbatch_size = 70\n', "utf-8")
    assert mastery("tenant", "create", "north").code == 0
    done = mastery("doctor", "--json")
    assert done.code == 0
    assert secret not in done.out + mastery("doctor").out
    settings = {one["variable"]: (one["value"], one["source"]) for one in done.data["settings"]}
    assert settings["MASTERY_JWT_SECRET"] == ("(set, hidden)", "environment")
    assert settings["MASTERY_BATCH_SIZE"] == ("70", str(home / "mastery.toml"))
    assert settings["MASTERY_LOG_URL"] == ("embedded", "default")
    checks = {one["name"]: one for one in done.data["checks"]}
    assert checks["folding"]["message"] == "nobody folds now, and nothing waits"
    with FoldingLock(home):
        assert "another process folds" in mastery("doctor").out


def test_the_doctor_tells_to_whom_the_sidecars_doors_are_open(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        return next(
            one["message"] for one in mastery("doctor", "--json").data["checks"] if one["name"] == "dapr"
        )

    assert "to this machine only" in told()
    monkeypatch.setenv("MASTERY_ENV", "production")
    monkeypatch.setenv("MASTERY_JWT_SECRET", "s" * 32)
    assert "are closed" in told()
    token = "the-sidecars-own-token-of-more-than-32-bytes"
    monkeypatch.setenv("APP_API_TOKEN", token)
    assert "sends the token" in told()
    shown = mastery("doctor", "--json")
    assert token not in shown.out
    settings = {one["variable"]: one for one in shown.data["settings"]}
    assert settings["MASTERY_DAPR_APP_TOKEN"]["source"] == "environment, APP_API_TOKEN"


def test_the_doctor_needs_no_home_and_fails_for_a_short_secret(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Everything works." in mastery("doctor").out
    monkeypatch.setenv("MASTERY_JWT_SECRET", "short")
    assert mastery("doctor").code == 1


@pytest.mark.parametrize(("free_mib", "code", "words"), [(1, 1, "does not work"), (100, 0, "1 warning")])
def test_the_doctor_does_not_say_that_everything_works_on_a_full_disk(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch, free_mib: int, code: int, words: str
) -> None:
    home.mkdir()
    usage = shutil.disk_usage(home)._replace(free=free_mib << 20)

    def almost_full(path: Path) -> object:
        del path
        return usage

    monkeypatch.setattr("mastery_engine.cli.diagnosis.shutil.disk_usage", almost_full)
    done = mastery("doctor")
    assert done.code == code
    assert words in done.out
    assert "make room" in done.out
    assert "Everything works" not in done.out


def test_a_database_of_a_newer_version_is_refused(mastery: Mastery, home: Path) -> None:
    mastery("tenant", "create", "north")
    connection = sqlite3.connect(home / "state.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    done = mastery("show", "ada-01", "--json")
    assert done.code == 1
    assert "written by a newer release" in json.loads(done.err)["error"]["message"]
    assert "Traceback" not in done.err


def test_a_home_that_cannot_be_made_is_told(mastery: Mastery, home: Path) -> None:
    home.write_text("a file is in its place", "utf-8")
    done = mastery("tenant", "list")
    assert done.code == 1
    assert str(home) in done.err
    assert "MASTERY_HOME" in done.err


def test_a_setting_that_is_not_valid_is_named(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERY_BATCH_SIZE", "0")
    done = mastery("tenant", "list")
    assert done.code == 1
    assert "MASTERY_BATCH_SIZE" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_told_and_may_be_tried_again(mastery: Mastery) -> None:
    done = mastery("simulate", "-n", 3, "--days", 30, "--to", "/dev/full")
    assert done.code == 75
    assert "make room" in done.err


def test_a_second_process_that_wants_to_fold_is_told_who_does(mastery: Mastery, home: Path) -> None:
    mastery("tenant", "create", "north")
    with FoldingLock(home):
        done = mastery("worker")
    assert done.code == 1
    assert f"the process {os.getpid()} already folds" in done.err


def test_a_simulated_school_is_the_same_from_a_file(mastery: Mastery, tmp_path: Path) -> None:
    arguments = ("simulate", "-n", 3, "--days", 20, "--start", "2026-01-05", "--tenant", "small")
    direct = mastery(*arguments, "--json").data
    file = tmp_path / "events.jsonl"
    assert mastery(*arguments, "--to", file).code == 0
    again = mastery("ingest", file, "--json").data
    assert again["accepted"] == 0
    assert again["already"] == direct["accepted"]
    assert mastery("compare", "class-1", "--tenant", "small", "--as-of", "2026-01-24").code == 0
    assert mastery("simulate", "--students", 0).code == 2


def test_a_school_simulated_to_a_file_tells_how_to_take_it_in(mastery: Mastery, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    told = mastery("simulate", "-n", 2, "--days", 10, "--tenant", "fresh", "--to", file).err
    commands = [line.split() for line in told.splitlines() if line.startswith("  mastery ")]
    assert [mastery(*command[1:]).code for command in commands] == [0, 0]
    assert mastery("tenant", "show", "fresh").code == 0


def test_an_unknown_command_suggests_one_and_is_wrong_usage(mastery: Mastery) -> None:
    done = mastery("shwo")
    assert done.code == 2
    assert "Did you mean 'show'?" in done.err


def test_what_was_typed_cannot_rewrite_the_terminal(mastery: Mastery, tmp_path: Path) -> None:
    escape = "\x1b[31m"
    for arguments in (
        ("show", "ada-01", "--tenant", escape),
        ("tenant", "create", escape),
        ("ingest", f"{escape}.jsonl"),
        ("cohort", "put", escape),
        ("cohort", "put", "7b", "--teacher", escape),
        ("compare", escape),
    ):
        done = mastery(*arguments)
        assert done.code in {2, 4}
        assert "\x1b" not in done.out + done.err
    mastery("cohort", "put", "7b", "--name", escape, "--student", "ada-01", "--student", "ben-01")
    assert "\x1b" not in mastery("cohort", "list").out + mastery("cohort", "show", "7b").out
    assert "\x1b" not in mastery("compare", "7b").out
    assert not list(tmp_path.glob("*.jsonl"))


def test_work_on_classes_is_on_the_audit_trail_with_the_students_hashes(mastery: Mastery) -> None:
    mastery("cohort", "put", "7b", "--student", "ada-01", "--teacher", "ms-lovelace")
    mastery("cohort", "show", "7b")
    entries = mastery("audit", "list", "--student", "ada-01", "--json").data
    assert [one["action"] for one in entries] == ["cohorts.write", "cohorts.read", "audit.read"]
    assert entries[0]["detail"] == {"cohort_id": "7b"}


def test_doctor_and_errors_do_not_tell_the_password_of_a_url(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STORE", "LOG", "ARCHIVE"):
        monkeypatch.setenv(f"MASTERY_{name}_URL", "rodis://:hunter2@host/0")
        for arguments in (("doctor",), ("doctor", "--json"), ("tenant", "list")):
            done = mastery(*arguments)
            assert done.code == 1
            assert "hunter2" not in done.out + done.err
        monkeypatch.delenv(f"MASTERY_{name}_URL")
