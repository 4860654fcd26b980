"""The skill's script as a model runs it: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mastery_engine.skills import calculate_mastery, predict_trajectory
from tests.skills.script import SCRIPT, run

FOUR = ("--completion", "0.8", "--quiz", "0.7", "--quality", "0.9", "--consistency", "0.6")
PARTS = {"completion": 0.8, "quiz": 0.7, "quality": 0.9, "consistency": 0.6}


def test_a_score_is_told_in_two_short_lines() -> None:
    ran = run("calculate", *FOUR)
    assert ran == (0, "0.77 proficient\nnext: schedule consistency 10 min +0.01\n", "")


def test_programs_get_what_the_function_in_process_gives() -> None:
    assert json.loads(run("calculate", *FOUR, "--json").out) == calculate_mastery(PARTS)
    told = json.loads(run("recommend", *FOUR, "--json").out)
    assert told == calculate_mastery(PARTS)["recommendations"]
    told = json.loads(run("forecast", "0.5", "0.52", "0.5", "--days", "3", "--json").out)
    assert told == predict_trajectory([0.5, 0.52, 0.5], days=3)


def test_recommendations_come_with_the_sentence_for_the_student() -> None:
    ran = run("recommend", *FOUR)
    reason = calculate_mastery(PARTS)["recommendations"][0]["reason"]
    assert ran.out == f"0.77 proficient\nlow: schedule consistency 10 min +0.01. {reason}\n"


def test_what_if_tells_before_after_and_the_change() -> None:
    ran = run("what-if", *FOUR, "--to", "quiz=0.9", "consistency=1")
    assert ran.out.startswith("0.77 proficient -> 0.87 proficient (+0.1)\nnext: ")
    assert run("what-if", *FOUR, "--to", "quiz=0").out.startswith(
        "0.77 proficient -> 0.56 developing (-0.21)\n"
    )
    found = json.loads(run("what-if", *FOUR, "--to", "quiz=0.9", "--json").out)
    assert (found["before"]["mastery_score"], found["after"]["mastery_score"]) == (0.77, 0.83)
    assert found["change"] == 0.06


def test_changed_parts_may_be_given_one_after_the_other() -> None:
    together = run("what-if", *FOUR, "--to", "quiz=0.9", "consistency=1")
    assert run("what-if", *FOUR, "--to", "quiz=0.9", "--to", "consistency=1") == together


def test_a_forecast_says_when_to_step_in() -> None:
    rising = run("forecast", "0.5", "0.51", "0.52")
    assert (
        rising.out
        == "0.59 developing in 7 days, 80% 0.4922 to 0.59, confidence 0.3; now 0.52 developing, stable\n"
    )
    falling = run("forecast", "0.5", "0.48", "0.45", "--model", "persistence", "--days", "1")
    assert "step in" not in falling.out
    assert run("forecast", "0.5", "0.45", "0.4").out.endswith(
        "step in: it will be below 0.4, or a level lower\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "COMMAND"),
        (("guess",), "invalid choice: 'guess'"),
        (("calculate",), "give at least one of --completion, --quiz, --quality, --consistency"),
        (("calculate", "--quiz", "80"), "--quiz: must be a number from 0 to 1: write 80 % as 0.8"),
        (("calculate", "--quiz", "nan"), "--quiz: must be a number from 0 to 1"),
        (("calculate", "--quiz=-0.1"), "--quiz: must be a number from 0 to 1"),
        (("calculate", "--quiz", "much"), "--quiz: must be a number from 0 to 1"),
        (("calculate", "--qui", "0.5"), "unrecognized arguments"),
        (("calculate", "--quiz", "9" * 100_000), "--quiz: must be a number from 0 to 1"),
        (("calculate", "x" * 100_000), "unrecognized arguments"),
        (("what-if", *FOUR), "--to NAME=VALUE, or --student ID and plans such as quiz=8/10"),
        (("what-if", *FOUR, "quiz=8/10"), "--student ID and plans"),
        (("what-if", *FOUR, "--to", "quiz=1", "--course", "algebra"), "go with --student"),
        (("what-if", "--student", "amal"), "give 1 to 5 plans; a plan is quiz=8/10"),
        (("what-if", "--student", "amal", *["quiz=1/1"] * 6), "give 1 to 5 plans"),
        (("what-if", "--student", "amal", *FOUR, "quiz=8/10"), "not both"),
        (("what-if", "--student", "amal", "quiz=8/10", "--to", "quiz=1"), "not both"),
        (("what-if", "--student", "amal", "effort=1"), "'effort=1': a plan is quiz=8/10, exercises=5"),
        (("what-if", "--student", "amal", "x" * 100_000), "a plan is quiz=8/10"),
        (("what-if", "--student", "amal", "quiz=1/2+quiz=2/2"), "'quiz=2/2': a plan is"),
        (("what-if", "--student", "amal", "quiz=0.8"), "quiz: must be correct answers/questions"),
        (("what-if", "--student", "amal", "quiz=9/8"), "quiz: must be correct answers/questions"),
        (("what-if", "--student", "amal", "quiz=0/0"), "quiz: must be correct answers/questions"),
        (("what-if", "--student", "amal", "exercises=0"), "exercises: must be a whole number from 1 to 1000"),
        (("what-if", "--student", "amal", "quality=90"), "quality: must be a number from 0 to 1: write 80 %"),
        (("what-if", "--student", "amal", "study_days=31"), "must be a whole number from 1 to 30"),
        (("what-if", *FOUR, "--to", "effort=1"), "each of completion, quiz, quality, consistency once"),
        (("what-if", *FOUR, "--to", "quiz=1", "quiz=0"), "once"),
        (("what-if", *FOUR, "--to", "quiz=8"), "--to quiz: must be a number from 0 to 1"),
        (("forecast",), "at least 3 daily scores are needed, 0 given"),
        (("forecast", "0.5", "0.6"), "at least 3 daily scores are needed, 2 given"),
        (("forecast", *["0.5"] * 1_001), "at most 1000 scores, 1001 are given"),
        (("forecast", *["0.5"] * 3, "--days", "31"), "--days: must be a whole number from 1 to 30"),
        (("forecast", *["0.5"] * 3, "--days", "9" * 9_999), "--days: must be a whole number from 1 to 30"),
        (("forecast", *["0.5"] * 3, "--model", "oracle"), "--model"),
        (("forecast", *["0.5"] * 3, "--student", "amal"), "give daily scores or --student, not both"),
        (("recommend", *FOUR, "--student", "amal"), "give parts or --student, not both"),
        (("recommend", *FOUR, "--course", "algebra"), "go with --student"),
        (("forecast", *["0.5"] * 3, "--date", "2026-03-01"), "go with --student"),
    ],
)
def test_what_is_wrong_is_told_in_one_short_line(words: tuple[str, ...], told: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err
    assert len(ran.err) < 320


def test_what_cannot_be_shown_is_not_printed_raw() -> None:
    ran = run("calculate", "\x1b[2J\u202eevil\nerror: none\udcff")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err


def test_who_stops_reading_gets_no_traceback() -> None:
    command = [sys.executable, "-I", str(SCRIPT), "calculate", *FOUR]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_an_answer_that_cannot_be_written_is_told_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), "calculate", *FOUR],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "error: cannot write the answer: No space left on device\n",
    )


def test_ctrl_c_ends_it_without_a_word() -> None:
    # The main thread waits in the same way for a server that says nothing.
    code = (
        "import runpy, signal, sys, threading\n"
        "threading.Thread.join = lambda *_: signal.raise_signal(signal.SIGINT)\n"
        "sys.argv = ['mastery.py', 'show', 'amal', '--server', 'http://127.0.0.1:1']\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    environment = {"MASTERY_TOKEN": "a-token"}
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_a_python_that_is_too_old_is_told_as_such() -> None:
    code = (
        "import runpy, sys\n"
        "sys.version_info = (3, 8, 18)\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: Python 3.9 or newer is needed; this is ")
    assert done.stderr.count("\n") == 1


def test_help_tells_each_command_and_its_arguments() -> None:
    whole = run("--help").out
    for command in ("calculate", "what-if", "recommend", "forecast", "show", "class"):
        assert command in whole
        assert run(command, "--help").code == 0
