"""Files of events sent to a service by the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mastery_engine.cli import remote_intake
from tests.cli.conftest import Mastery, quiz, write_lines
from tests.cli.remote import serving, take_token
from tests.client.test_sockets import SILENT, answer, refused, scripted

TWICE = b'{"event_id": "a", "event_id": "b"}'
DEEP = b'{"event_id": "x", "metadata": ' + b"[" * 20 + b"]" * 20 + b"}"
MISTAKES = (b"not json", quiz(2, correct_answers=11), TWICE, DEEP, b"[1]")


@pytest.fixture
def school(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> Mastery:
    take_token(mastery, monkeypatch, "service")
    return mastery


@pytest.fixture
def server(school: Mastery) -> Iterator[str]:
    assert school("tenant", "list").code == 0
    with serving() as url:
        yield url


def test_good_lines_are_taken_and_each_bad_one_is_told_with_its_line_as_by_the_local_command(
    school: Mastery, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_intake, "MOST_EVENTS", 4)
    events = (
        quiz(1),
        b"",
        *MISTAKES,
        quiz(3),
        *(quiz(number) for number in range(4, 9)),
        quiz(9, quiz_id=""),
    )
    file = write_lines(tmp_path / "class.jsonl", *events)
    rejects = tmp_path / "refused.jsonl"
    sent = school("ingest", file, "--server", server, "--rejects", rejects, "--json")
    assert sent.code == 3, sent.err
    assert (sent.data["accepted"], sent.data["refused"]) == (7, 6)
    assert [one["line"] for one in sent.data["items"]] == [3, 4, 5, 6, 7, 14]
    assert sent.data["items"][1]["problems"][0]["field"] == "correct_answers"
    assert sent.data["items"][1]["event_id"] == quiz(2)["event_id"]
    # What was refused can be mended and sent again.
    assert [line for line in rejects.read_bytes().splitlines() if not line.startswith(b"# ")] == [
        one if isinstance(one, bytes) else json.dumps(one).encode()
        for one in (*MISTAKES, quiz(9, quiz_id=""))
    ]
    told = school("ingest", file, "--server", server)
    assert told.code == 3
    assert "line 4: correct_answers = 11" in told.err
    assert f"{server} has them, and folds them" in told.out
    assert "6 lines refused" in told.out


def test_a_file_in_which_nothing_is_good_and_one_with_nothing_in_it_end_as_here(
    school: Mastery, server: str, tmp_path: Path
) -> None:
    bad = write_lines(tmp_path / "bad.jsonl", quiz(1, correct_answers=11), quiz(2, correct_answers=12))
    sent = school("ingest", bad, "--server", server, "--json")
    assert (sent.code, sent.data["accepted"], [one["line"] for one in sent.data["items"]]) == (3, 0, [1, 2])
    empty = write_lines(tmp_path / "empty.jsonl")
    assert school("ingest", empty, "--server", server, "--json").code == 0


def test_columns_of_a_table_are_mapped_before_they_are_sent(school: Mastery, server: str) -> None:
    examples = Path(__file__).parents[2] / "docs" / "examples"
    sent = school(
        "ingest", examples / "grades.csv", "--mapping", examples / "grades-mapping.toml", "--server", server
    )
    assert sent.code == 3
    assert "line 2: timestamp = 2025-09-01T07:00:00+00:00: must not be older than" in sent.err
    assert "line 4: correct_answers = ten: must be a whole number" in sent.err
    assert sent.out.startswith("0 events taken in")


def test_the_same_file_twice_counts_once(
    school: Mastery, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_lines(tmp_path / "class.jsonl", quiz(1), quiz(2))
    for _ in range(2):
        assert school("ingest", file, "--server", server).code == 0
    take_token(school, monkeypatch, "admin")
    shown = school("show", "ada-01", "--server", server, "--json")
    assert shown.data["events"] == 2


def test_a_service_that_does_not_answer_or_refuses_the_caller_is_told_by_the_exit_code(
    school: Mastery, tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "class.jsonl", quiz(1))
    with scripted(refused("401 Unauthorized", "AUTH_ERROR")) as server:
        assert school("ingest", file, "--server", server.url).code == 1
    late = refused("503 Service Unavailable", "SERVICE_UNAVAILABLE", "retry-after: 60")
    with scripted(late) as server:
        down = school("ingest", file, "--server", server.url, "--json")
    assert down.code == 75
    assert json.loads(down.err)["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert len(server.header("idempotency-key")) == 1


def test_a_school_and_a_server_together_are_refused(school: Mastery, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "class.jsonl", quiz(1))
    wrong = school("ingest", file, "-t", "north", "--server", "http://127.0.0.1:9")
    assert wrong.code == 2
    assert "the token" in wrong.err


@pytest.mark.usefixtures("school")
def test_ctrl_c_leaves_the_refused_lines_of_before_alone_and_says_that_it_may_be_repeated(
    tmp_path: Path,
) -> None:
    file = write_lines(tmp_path / "class.jsonl", *(quiz(number) for number in range(1_001)))
    rejects = tmp_path / "refused.jsonl"
    rejects.write_text("of before")
    told = b'{"data":{"accepted":1000,"refused":0,"position":"p","results":[]}}'
    with scripted(answer("202 Accepted", told), SILENT) as server:
        command = [sys.executable, "-m", "mastery_engine.cli.main", "ingest", file, "--server", server.url]
        with subprocess.Popen([*command, "--rejects", rejects], stderr=subprocess.PIPE, text=True) as process:
            server.wait_for(2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
    assert process.returncode == 130
    assert "nothing is lost: run the same command again" in err
    assert rejects.read_text() == "of before"
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["class.jsonl", "refused.jsonl"]
