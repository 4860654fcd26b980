"""`mastery backup` on a home whose files are really removed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.main import run
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from tests.cli.conftest import Mastery, put_into_log, quiz, write_lines

# The command, which waits for ever before it copies the first file.
SLOW = """
import asyncio, sys
from unittest.mock import patch
from mastery_engine.bootstrap.backup_files import FileSnapshot
from mastery_engine.cli.main import main

async def wait(snapshot):
    print("part written", flush=True)
    await asyncio.Event().wait()
    yield b""

with patch.object(FileSnapshot, "pieces", wait):
    main()
"""


@pytest.fixture
def school(mastery: Mastery, tmp_path: Path) -> Mastery:
    """A home with a school, a class, a dead letter and two students."""
    mastery("tenant", "create", "school", "--retention", "none", "--time-zone", "Europe/Berlin")
    mastery("ingest", write_lines(tmp_path / "school.jsonl", quiz(1), quiz(2)), "--tenant", "school")
    mastery("ingest", write_lines(tmp_path / "default.jsonl", quiz(3), quiz(4, student_id="bob")))
    put_into_log(quiz(5), quiz(5, correct_answers=1))
    mastery("ingest", "/dev/null")
    return mastery


def shown(mastery: Mastery) -> list[object]:
    return [
        mastery("export", "results", "--tenant", "school").out,
        mastery("export", "results").out,
        mastery("tenant", "list", "--json").data,
        [one["letter_id"] for one in mastery("dlq", "list", "--json").data],
    ]


def remove(home: Path, *names: str) -> None:
    for name in names:
        for file in home.glob(f"{name}*"):
            file.unlink()


def test_a_home_that_is_gone_comes_back_whole(school: Mastery, home: Path, tmp_path: Path) -> None:
    before, key = shown(school), (home / "pseudonym.key").read_bytes()
    place = tmp_path / "backup"
    made = school("backup", "create", place)
    assert made.code == 0
    assert "3 learners' documents, 5 processed records, 2 schools" in made.out
    assert "with pseudonym.key, archive.db, log.db" in made.out
    assert {stat.S_IMODE(one.stat().st_mode) for one in place.iterdir()} == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert "is whole" in " ".join(school("backup", "verify", place).out.split())
    shutil.rmtree(home)
    dry = school("backup", "restore", place, "--dry-run")
    assert "would be put back" in dry.out
    assert not home.exists()
    back = school("backup", "restore", place)
    assert back.code == 0
    assert "pseudonym.key, archive.db, log.db put back" in back.out
    assert "3 learners' documents, 5 processed records and 1 school restored" in back.out
    assert shown(school) == before
    assert (home / "pseudonym.key").read_bytes() == key
    assert school("audit", "verify").code == 0
    for tenant in ("school", "default"):
        assert "1 equal" in school("replay", "--all", "--tenant", tenant, "--dry-run").out.replace(
            "2 eq", "1 eq"
        )


def test_events_that_came_after_the_backup_are_folded_again(
    school: Mastery, home: Path, tmp_path: Path
) -> None:
    school("backup", "create", tmp_path / "backup")
    school("ingest", write_lines(tmp_path / "later.jsonl", quiz(6), quiz(7), quiz(3)))
    before = shown(school)
    remove(home, "state.db")
    back = school("backup", "restore", tmp_path / "backup")
    assert "records of the log since" in back.out
    school("ingest", write_lines(tmp_path / "again.jsonl", quiz(3), quiz(6)))
    assert shown(school) == before
    assert "2 equal the live state" in school("replay", "--all", "--dry-run").out


def test_a_lost_log_is_made_anew_and_a_replay_brings_what_it_had(
    school: Mastery, home: Path, tmp_path: Path
) -> None:
    school("backup", "create", tmp_path / "backup")
    school("ingest", write_lines(tmp_path / "later.jsonl", quiz(6)))
    before = shown(school)
    remove(home, "state.db", "log.db")
    back = school("backup", "restore", tmp_path / "backup")
    assert "the log is not that of the backup" in back.out
    assert "mastery replay --all --tenant SCHOOL" in back.out
    assert "1 switched" in school("replay", "--all").out
    assert shown(school) == before


def test_without_a_backup_a_replay_brings_back_the_state_its_schools_and_who_is_erased(
    school: Mastery, home: Path
) -> None:
    before = shown(school)

    async def erase(student: str) -> str:
        async with open_engine(load_settings()) as engine:
            name = engine.pseudonyms.of("default", student)
            await engine.adapters.erasures.ask("default", name, engine.adapters.clock.now_ms(), "0" * 32)
            return keys.erased(name)

    marker = asyncio.run(erase("nobody-yet"))
    remove(home, "state.db")
    assert school("replay", "--all", "--tenant", "school").code == 0
    assert school("replay", "--all").code == 0
    assert shown(school) == before
    assert school("state", "show", marker).code == 0
    assert school("tenant", "create", "school").code == 1


def test_a_store_that_holds_students_is_emptied_only_when_that_is_said_twice(
    school: Mastery, tmp_path: Path
) -> None:
    school("backup", "create", tmp_path / "backup")
    refused = school("backup", "restore", tmp_path / "backup")
    assert (refused.code, "--replace" in refused.err) == (1, True)
    unsure = school("backup", "restore", tmp_path / "backup", "--replace")
    assert (unsure.code, "--yes" in unsure.err) == (2, True)
    before = shown(school)
    report = school("backup", "restore", tmp_path / "backup", "--replace", "--yes", "--json")
    assert report.code == 0
    assert (report.data["documents"], report.data["removed"] > 0) == (3, True)
    assert shown(school) == before


def test_nothing_is_put_beside_a_store_that_holds_students(
    school: Mastery, home: Path, tmp_path: Path
) -> None:
    school("backup", "create", tmp_path / "backup")
    remove(home, "archive.db")
    assert "--replace" in school("backup", "restore", tmp_path / "backup").err
    assert not (home / "archive.db").exists()
    back = school("backup", "restore", tmp_path / "backup", "--replace", "--yes")
    assert (back.code, "archive.db put back" in back.out) == (0, True)
    assert "2 equal the live state" in school("replay", "--all", "--dry-run").out


def test_a_damaged_part_is_named_and_nothing_is_restored(school: Mastery, home: Path, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    school("backup", "create", place)
    part = place / "log.db.z"
    part.write_bytes(part.read_bytes()[:-5])
    found = school("backup", "verify", place)
    assert (found.code, "log.db.z is damaged" in found.err) == (1, True)
    shutil.rmtree(home)
    assert school("backup", "restore", place).code == 1
    assert not home.exists()


def test_what_is_no_backup_is_told(mastery: Mastery, tmp_path: Path) -> None:
    assert mastery("backup", "verify", tmp_path / "nowhere").code == 4
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "state-000001.part").write_bytes(b"x")
    unfinished = mastery("backup", "restore", tmp_path / "half")
    assert (unfinished.code, "unfinished" in unfinished.err) == (4, True)
    assert "not empty" in mastery("backup", "create", tmp_path / "half").err
    other = mastery("backup", "create", "ftp://host/folder")
    assert (other.code, "s3://, gs://, az://" in other.err) == (2, True)


def test_a_state_in_memory_is_not_backed_up(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_STORE_URL", "memory://")
    for command in ("create", "restore"):
        found = mastery("backup", command, tmp_path / "b")
        assert (found.code, "memory" in found.err) == (1, True)


def test_one_school_goes_alone_and_without_files(school: Mastery, home: Path, tmp_path: Path) -> None:
    made = school("backup", "create", f"file://{tmp_path}/one", "--tenant", "school", "--json")
    assert (made.data["counts"]["documents"], len(made.data["parts"])) == (1, 1)
    before = shown(school)
    remove(home, "state.db")
    assert school("backup", "restore", tmp_path / "one").code == 0
    school("replay", "--all")
    assert shown(school) == before


def test_an_object_store_does_as_well(
    school: Mastery, home: Path, s3_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shown(school)
    assert school("backup", "create", s3_url).code == 0
    assert "not empty" in school("backup", "create", s3_url).err
    shutil.rmtree(home)
    assert run(["backup", "restore", s3_url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == ["pseudonym.key", "archive.db", "log.db"]
    assert shown(school) == before


def test_an_object_store_that_refuses_or_is_silent_is_told(
    mastery: Mastery, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = mastery("backup", "create", "s3://no-such-bucket/path")
    assert (bucket.code, "bucket" in bucket.err) == (1, True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    wrong = mastery("backup", "create", s3_url)
    assert (wrong.code, "rights" in wrong.err, "wrong" in wrong.err) == (1, True, False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert mastery("backup", "create", s3_url).code == 75


def test_ctrl_c_leaves_what_is_told_from_a_backup(school: Mastery, home: Path, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, "backup", "create", str(place)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MASTERY_HOME": str(home)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"part written\n"
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "unfinished backup" in said.decode()
    assert "Traceback" not in said.decode()
    assert school("backup", "verify", place).code == 4
    assert school("backup", "create", tmp_path / "another").code == 0


def test_a_home_that_has_a_key_already_is_told_what_to_do_with_it(
    school: Mastery, home: Path, tmp_path: Path
) -> None:
    place = str(tmp_path / "backup")
    school("backup", "create", place)
    shutil.rmtree(home)
    school("tenant", "list")
    refused = school("backup", "restore", place)
    assert refused.code == 1
    assert "it has that key: if the home holds nothing that is needed, move it away" in refused.err
    shutil.rmtree(home)
    assert school("backup", "restore", place).code == 0
