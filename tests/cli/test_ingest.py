"""`mastery ingest`: good lines count, bad ones are told, and nothing counts twice."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Mastery, days_ago, quiz, write_lines


def test_every_bad_line_is_told_with_line_field_value_and_rule_and_good_ones_count(
    mastery: Mastery, tmp_path: Path
) -> None:
    file = write_lines(
        tmp_path / "events.jsonl",
        quiz(1),
        b'{"event_id": "00000000-',
        quiz(2, correct_answers=12),
        quiz(3, total_questions=-10),
        quiz(4, timestamp=days_ago(-30)),
        quiz(5, event_type="quiz.dreamt"),
        quiz(6, source="caf").__repr__().encode().replace(b"caf", b"caf\xe9"),
        b"x" * 10_000_000,
        quiz(7, tenant_id="nowhere"),
        quiz(8, quiz_id=None),
        quiz(9),
    )
    done = mastery("ingest", file)
    assert done.code == 3
    assert "2 events taken in" in done.out
    told = {line.partition(":")[0]: line for line in done.err.splitlines()}
    assert "is not JSON" in told["line 2"]
    assert "correct_answers = 12: must not be more than total_questions = 10" in told["line 3"]
    assert "total_questions = -10" in told["line 4"]
    assert "must not be more than 5 minutes after" in told["line 5"]
    assert "event_type = quiz.dreamt: must be one of" in told["line 6"]
    assert "not UTF-8" in told["line 7"]
    assert "10,000,000 bytes" in told["line 8"]
    assert "mastery tenant create nowhere" in told["line 9"]
    assert "quiz_id = absent: is required" in told["line 10"]
    assert mastery("show", "ada-01", "--json").data["events"] == 2


def test_refused_lines_can_be_mended_and_sent_again(mastery: Mastery, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "events.jsonl", quiz(1), quiz(2, correct_answers=12))
    refused = tmp_path / "refused.jsonl"
    assert mastery("ingest", file, "--rejects", refused).code == 3
    refused.write_text(refused.read_text("utf-8").replace(": 12,", ": 9,"), "utf-8")
    done = mastery("ingest", refused, "--json")
    assert done.code == 0
    assert done.data["accepted"] == 1
    assert mastery("show", "ada-01", "--json").data["events"] == 2


def test_a_second_start_counts_nothing_twice(mastery: Mastery, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "events.jsonl", *(quiz(number) for number in range(20)))
    assert mastery("ingest", file, "--json").data["accepted"] == 20
    again = mastery("ingest", file, "--json").data
    assert (again["accepted"], again["already"], again["folded"]) == (0, 20, 0)
    assert mastery("show", "ada-01", "--json").data["events"] == 20


def test_an_id_that_counted_with_another_content_or_student_is_refused(
    mastery: Mastery, tmp_path: Path
) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1), quiz(2)))
    changed = write_lines(tmp_path / "second.jsonl", quiz(1, correct_answers=1), quiz(2, student_id="ben-01"))
    done = mastery("ingest", changed)
    assert done.code == 3
    assert "line 1: event_id = 00000000-0000-4000-8000-000000000001: has counted already" in done.err
    assert "with another student" in done.err


def test_of_two_events_with_one_id_in_one_file_the_first_counts_and_the_other_can_be_mended(
    mastery: Mastery, tmp_path: Path
) -> None:
    events = (quiz(1), quiz(1), quiz(1, correct_answers=1), quiz(2, student_id="zoe"), quiz(2))
    refused = tmp_path / "refused.jsonl"
    done = mastery("ingest", write_lines(tmp_path / "events.jsonl", *events), "--rejects", refused)
    assert done.code == 3
    assert "3 events taken in in" in done.out
    assert ": 2 folded, 1 repeat passed over" in done.out
    assert "2 lines refused; they are in" in done.out
    rule = "stands for another event, which came first; an event has an id of its own"
    assert f"line 3: event_id = 00000000-0000-4000-8000-000000000001: {rule}" in done.err
    assert f"line 5: event_id = 00000000-0000-4000-8000-000000000002: {rule}" in done.err
    assert mastery("dlq", "list", "--json").data == []
    text = refused.read_text("utf-8")
    for number in (1, 2):
        text = text.replace(f'-{number:012d}"', f'-{number + 10:012d}"')
    refused.write_text(text, "utf-8")
    assert mastery("ingest", refused).code == 0
    assert mastery("show", "ada-01", "--json").data["events"] == 3
    assert mastery("show", "zoe", "--json").data["events"] == 1


def test_tenant_overrides_the_file_and_the_setting_completes_it(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in ("north", "south"):
        assert mastery("tenant", "create", tenant).code == 0
    file = write_lines(tmp_path / "events.jsonl", quiz(1, tenant_id="north"), quiz(2))
    assert mastery("ingest", file, "--tenant", "south").code == 0
    assert mastery("show", "ada-01", "--tenant", "south", "--json").data["events"] == 2
    monkeypatch.setenv("MASTERY_TENANT", "north")
    assert mastery("ingest", file).code == 0
    assert mastery("show", "ada-01", "--json").data["events"] == 2
    assert mastery("ingest", file, "--tenant", "east").code == 4


def test_csv_is_read_with_a_mapping(mastery: Mastery, tmp_path: Path) -> None:
    mapping = tmp_path / "names.toml"
    mapping.write_text(
        '[columns]\npupil = "student_id"\nright = "correct_answers"\n'
        '[constants]\nsource = "school"\nevent_type = "quiz.performance.submitted"\n',
        "utf-8",
    )
    event = quiz(1)
    csv = tmp_path / "quizzes.csv"
    csv.write_text(
        "event_id,timestamp,pupil,quiz_id,total_questions,right,time_spent,colour\n"
        f"{event['event_id']},{event['timestamp']},ada-01,q1,10,8,60,red\n",
        "utf-8",
    )
    done = mastery("ingest", csv, "--mapping", mapping)
    assert done.code == 0
    assert "colour" in done.err
    assert mastery("show", "ada-01", "--json").data["events"] == 1
    csv.write_text("event_id,pupil\n1,ada-01\n", "utf-8")
    wrong = mastery("ingest", csv, "--mapping", mapping)
    assert wrong.code == 2
    assert "timestamp" in wrong.err


def test_standard_input_is_taken_in(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(json.dumps(quiz(number)) + "\n" for number in range(3))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert mastery("ingest", "-", "--json").data["accepted"] == 3


def test_a_file_that_is_not_there_is_wrong_usage(mastery: Mastery, tmp_path: Path) -> None:
    done = mastery("ingest", tmp_path / "none.jsonl", "--json")
    assert done.code == 2
    assert done.out == ""
    error = json.loads(done.err)["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"][0]["rule"] == "cannot be opened: No such file or directory"


def test_a_repeat_in_one_file_is_told_apart_from_what_was_folded(mastery: Mastery, tmp_path: Path) -> None:
    done = mastery("ingest", write_lines(tmp_path / "twice.jsonl", quiz(1), quiz(1), quiz(2)))
    assert done.code == 0
    assert "3 events taken in in" in done.out
    assert ": 2 folded, 1 repeat passed over" in done.out
    assert "dlq" not in done.out


def test_a_refused_line_is_told_with_its_event_id_where_that_can_be_read(
    mastery: Mastery, tmp_path: Path
) -> None:
    bad = quiz(1, correct_answers=True)
    done = mastery("ingest", write_lines(tmp_path / "events.jsonl", bad, b"{"), "--json")
    assert [one["event_id"] for one in done.data["items"]] == [bad["event_id"], None]


@pytest.mark.parametrize("data", [b"\x7fELF\x02\xff", b"a,b\n1,2\n"])
def test_a_file_that_cannot_be_read_at_all_is_named(mastery: Mastery, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "what"
    file.write_bytes(data)
    done = mastery("ingest", file)
    assert done.code == 2
    assert str(file) in done.err


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_told_as_such(mastery: Mastery, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(json.dumps(quiz(1)).encode(encoding))
    done = mastery("ingest", file)
    assert done.code == 2
    assert "UTF-16" in done.err


def test_a_closed_standard_input_is_told(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    done = mastery("ingest", "-")
    assert done.code == 2
    assert "standard input is closed" in done.err


def test_a_request_for_a_calculation_is_told_as_answered(mastery: Mastery, tmp_path: Path) -> None:
    common = {name: quiz(2)[name] for name in ("timestamp", "student_id", "source")}
    asked = [
        {**common, "event_id": quiz(number)["event_id"], "event_type": "mastery.calculation.requested"}
        | {"correlation_id": f"c-{number}"}
        for number in (2, 3)
    ]
    done = mastery("ingest", write_lines(tmp_path / "asked.jsonl", quiz(1), *asked))
    assert done.code == 0
    assert "3 events taken in in" in done.out
    assert ": 1 folded, 2 requests answered\n" in done.out
    again = mastery("ingest", write_lines(tmp_path / "more.jsonl", quiz(4), asked[0]), "--json").data
    assert (again["accepted"], again["folded"], again["answered"], again["already"]) == (1, 1, 0, 1)
