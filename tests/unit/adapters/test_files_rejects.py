"""Refused lines are kept so that a person can mend them and send them again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mastery_engine.adapters.files.event_file import open_events
from mastery_engine.adapters.files.lines import MAX_LINE_BYTES
from mastery_engine.adapters.files.rejects import RejectsWriter
from mastery_engine.domain.errors import InvalidInput, Problem

HEADER = "event_id,event_type,timestamp,student_id,source,total_questions"
Judge = Callable[[bytes], tuple[Problem, ...]]


def accept(_event: bytes) -> tuple[Problem, ...]:
    return ()


def ingest(path: Path, rejects: Path, judge: Judge = accept) -> list[bytes]:
    """What `mastery ingest` does with a file: good events, and the rest into the file of rejects."""
    good: list[bytes] = []
    with open_events(str(path)) as source, RejectsWriter(rejects, source) as writer:
        for record in source:
            problems = record.problems or judge(record.event)
            if problems:
                writer.write(record, problems)
            else:
                good.append(record.event)
    return good


def test_refused_lines_say_why_and_can_be_mended_and_sent_again(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.jsonl", tmp_path / "rejects.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "\xff"}\n{"a": 2}\n')

    def odd(event: bytes) -> tuple[Problem, ...]:
        return (Problem("a", "2", "must be\nodd"),) if b"2" in event else ()

    assert ingest(path, rejects, odd) == [b'{"a": 1}']
    lines = rejects.read_bytes().split(b"\n")
    assert lines[0].startswith(b"# refused line 2: ")
    assert lines[1:] == [b'{"a": "\xff"}', b"# refused line 3: a = 2: must be odd", b'{"a": 2}', b""]
    rejects.write_bytes(rejects.read_bytes().replace(b"\xff", b"mended").replace(b'"a": 2', b'"a": 3'))
    assert ingest(rejects, rejects, odd) == [b'{"a": "mended"}', b'{"a": 3}']
    assert rejects.read_bytes() == b""


def test_refused_lines_of_csv_keep_their_header(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.csv", tmp_path / "rejects.csv"
    path.write_text(f'{HEADER}\n1,t,5,ada,s,ten\n1,t,5,ada,s,9\n1,t,5,"a\nb",s,x\n', "utf-8")
    assert len(ingest(path, rejects)) == 1
    assert rejects.read_text("utf-8") == (
        f"{HEADER}\n"
        "# refused line 2: total_questions = ten: must be a whole number\n1,t,5,ada,s,ten\n"
        '# refused line 4: total_questions = x: must be a whole number\n1,t,5,"a\nb",s,x\n'
    )
    as_a_spreadsheet_writes_it = rejects.read_text("utf-8").replace("# refused line 2", '"# refused line 2')
    rejects.write_text(
        as_a_spreadsheet_writes_it.replace("ten\n1", '10"\n1').replace(",x\n", ",11\n"), "utf-8"
    )
    with open_events(str(rejects)) as source:
        assert [record.line for record in source] == [3, 5]


def test_a_line_that_was_too_long_to_keep_is_told_without_it(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.jsonl", tmp_path / "rejects.jsonl"
    path.write_bytes(b"x" * (MAX_LINE_BYTES + 1))
    assert ingest(path, rejects) == []
    assert len(rejects.read_text("utf-8").splitlines()) == 1
    assert "has 1,048,577 bytes" in rejects.read_text("utf-8")


def test_a_run_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    path.write_bytes(b'{"a": 1}\n')

    def interrupted(_event: bytes) -> tuple[Problem, ...]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(path, path, interrupted)
    assert path.read_bytes() == b'{"a": 1}\n'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "rejects"), [("a.csv", "r.jsonl"), ("a.jsonl", "r.csv")])
def test_the_name_of_the_rejects_must_tell_their_format(tmp_path: Path, name: str, rejects: str) -> None:
    path = tmp_path / name
    path.write_text(f"{HEADER}\n" if name == "a.csv" else "{}\n", "utf-8")
    with pytest.raises(InvalidInput, match="to be read again as it was read"):
        ingest(path, tmp_path / rejects)


def test_an_unnamed_file_that_begins_with_a_refused_line_holds_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    path.write_bytes(b"# refused line 1: is not JSON\n{broken\n")
    with open_events(str(path)) as source:
        assert source.format == "jsonl"
        assert [record.raw for record in source] == [b"{broken"]


def test_only_the_user_can_read_refused_lines(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.jsonl", tmp_path / "rejects.jsonl"
    path.write_bytes(b'"\xff"\n')
    for old in (rejects, tmp_path / "rejects.jsonl.part"):
        old.write_bytes(b"left by another run")
        old.chmod(0o644)
    ingest(path, rejects)
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert b"left" not in rejects.read_bytes()


@pytest.mark.parametrize("target", [".", "no/such/folder/rejects.jsonl"])
def test_a_target_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, target: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'"\xff"\n')
    with pytest.raises(InvalidInput, match=r"^rejects = "):
        ingest(path, tmp_path / target)
    with pytest.raises(InvalidInput, match="must be a file"):
        ingest(path, Path(os.devnull))
