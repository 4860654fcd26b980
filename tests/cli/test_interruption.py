"""Real processes that are stopped in the middle, and started again."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, quiz, write_lines

LINES = 2_500
DEADLINE_SECONDS = 60


def start_and_stop(file: Path, home: Path, number: signal.Signals) -> tuple[int, str]:
    """Feed a process the lines of a file, and signal it before the end of its input."""
    child = subprocess.Popen(
        [sys.executable, "-m", "mastery_engine.cli.main", "ingest", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MASTERY_HOME": str(home)},
    )
    assert child.stdin is not None
    # A pipe holds far less than this, so when the write returns most lines are with the process.
    child.stdin.write(file.read_bytes())
    child.stdin.flush()
    child.send_signal(number)
    assert child.stderr is not None
    said = child.stderr.read().decode()
    child.stdin.close()
    assert child.stdout is not None
    child.stdout.close()
    child.stderr.close()
    return child.wait(), said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_ingest_goes_on_and_counts_nothing_twice(
    mastery: Mastery, home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    file = write_lines(
        tmp_path / "events.jsonl", *(quiz(one, student_id=f"student-{one % 40}") for one in range(LINES))
    )
    code, said = start_and_stop(file, home, number)
    if number is signal.SIGINT:
        assert code == 130
        assert "nothing is lost: run the same command again" in said
        assert "Traceback" not in said
    else:
        assert code == -signal.SIGKILL
    again = mastery("ingest", file, "--json").data
    assert again["already"] > 0
    assert again["already"] + again["accepted"] == LINES
    assert again["refused"] == again["dead_letters"] == 0
    lines = mastery("export", "results").out.splitlines()
    events = sum(
        mastery("show", json.loads(line)["student_id"], "--json").data["events"] for line in lines[:5]
    )
    assert events == 5 * (LINES // 40) + sum(place < LINES % 40 for place in (0, 1, 10, 11, 12))
    report = mastery("replay", "--all", "--dry-run", "--json").data
    assert (report["events"], report["equal"]) == (LINES, 40)


def test_an_interrupted_replay_ends_its_processes_and_is_gone_on_with(
    mastery: Mastery, home: Path, tmp_path: Path
) -> None:
    mastery(
        "ingest",
        write_lines(
            tmp_path / "events.jsonl", *(quiz(one, student_id=f"student-{one}") for one in range(LINES))
        ),
    )
    command = [sys.executable, "-m", "mastery_engine.cli.main", "replay", "--all", "--workers", "2"]
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as state:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "MASTERY_HOME": str(home)},
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not state.execute("SELECT 1 FROM entries WHERE key = 'replay:unfinished'").fetchall():
            assert time.monotonic() < deadline
        # While nobody can write, nobody gets to the end.
        state.execute("BEGIN IMMEDIATE")
        child.send_signal(signal.SIGINT)
        state.execute("ROLLBACK")
        said = child.communicate(timeout=DEADLINE_SECONDS)[1].decode()
    assert child.returncode == 130
    assert "what is done is kept: run the same command with --resume" in said
    assert "Traceback" not in said
    other = mastery("replay", "--all", "--resume", "--dry-run")
    assert other.code == 1
    assert "go on with it: mastery replay --all --tenant default --resume" in other.err
    report = mastery("replay", "--all", "--resume", "--json").data
    assert (report["students"], report["events"], report["equal"]) == (LINES, LINES, LINES)
    assert mastery("replay", "--all", "--resume").code == 4
