"""JSON lines: what is handed on, what is refused, and that memory stays small."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import Buffer

from mastery_engine.adapters.files.event_file import EventFile, open_events
from mastery_engine.adapters.files.lines import MAX_LINE_BYTES
from mastery_engine.adapters.files.records import Record
from mastery_engine.domain.errors import InvalidInput

GOOD = b'{"event_id": "1"}'


def records(data: bytes, name: str = "events.jsonl") -> list[Record]:
    return list(EventFile(io.BytesIO(data), name))


def problem(record: Record) -> str:
    assert not record.event
    assert len(record.problems) == 1
    return str(record.problems[0])


def test_lines_are_handed_on_byte_for_byte_with_their_numbers() -> None:
    found = records(b'{"a": 1}\n\n  \r\n{"b": "\xc3\xa4"}\r\n{"c": 3}')
    assert found == [
        Record(1, b'{"a": 1}', b'{"a": 1}'),
        Record(4, b'{"b": "\xc3\xa4"}', b'{"b": "\xc3\xa4"}'),
        Record(5, b'{"c": 3}', b'{"c": 3}'),
    ]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert records(b"\xef\xbb\xbf" + GOOD) == [Record(1, GOOD, GOOD)]


def test_an_empty_file_has_no_events() -> None:
    for name in ("events.jsonl", "events.csv", "-"):
        assert records(b"", name) == []
    assert records(b"\n\n", "-") == []


def test_a_line_of_another_encoding_is_told_with_the_byte_and_the_rest_goes_on() -> None:
    bad, good = records('{"student": "Jörg"}'.encode("latin-1") + b"\n" + GOOD)
    assert "byte 15 of the line is 0xf6, which is not UTF-8" in problem(bad)
    assert bad.raw == b'{"student": "J\xf6rg"}'
    assert good == Record(2, GOOD, GOOD)


def test_a_line_over_the_limit_is_told_and_the_rest_goes_on() -> None:
    exact = b"x" * MAX_LINE_BYTES
    fits, bad, good = records(exact + b"\r\n" + exact + b"y\n" + GOOD)
    assert fits == Record(1, exact, exact)
    assert "has 1,048,577 bytes, and a line has at most 1,048,576" in problem(bad)
    assert (bad.line, bad.raw) == (2, b"")
    assert good == Record(3, GOOD, GOOD)


def test_a_last_line_over_the_limit_without_an_end_is_told() -> None:
    assert "has 3,000,000 bytes" in problem(records(b"x" * 3_000_000)[0])


class HugeLine(io.RawIOBase):
    """One line of many bytes that nobody holds, then a good one."""

    def __init__(self, size: int) -> None:
        self._parts = self._made(size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        part = next(self._parts, b"")
        memoryview(buffer)[: len(part)] = part
        return len(part)

    def _made(self, size: int) -> Iterator[bytes]:
        for _ in range(size // 4_096):
            yield b"x" * 4_096
        yield b"\n" + GOOD + b"\n"


def test_a_huge_line_is_passed_over_in_constant_memory() -> None:
    size = 256 << 20
    stream = io.BufferedReader(HugeLine(size), 4_096)
    tracemalloc.start()
    try:
        bad, good = EventFile(stream, "events.jsonl")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert f"has {size:,} bytes" in problem(bad)
    assert good == Record(2, GOOD, GOOD)
    assert peak < 8 * MAX_LINE_BYTES


@pytest.mark.parametrize("start", [b'[\n{"a": 1}\n]', b'{\n "a": 1\n}', b'[{"a": 1}]'])
def test_json_over_several_lines_is_refused_once(start: bytes) -> None:
    with pytest.raises(InvalidInput, match="write one event, whole, on each line"):
        records(start, "events.json")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_once(encoding: str) -> None:
    mark = "\ufeff".encode(encoding)
    with pytest.raises(InvalidInput, match="is UTF-16; save it as UTF-8"):
        records(mark + '{"a": 1}\n'.encode(encoding))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("-", b"\n" + GOOD, "jsonl"),
        ("-", b"event_id,event_type,timestamp,student_id,source\n", "csv"),
        ("events.txt", GOOD, "jsonl"),
        ("events.ndjson", b"broken", "jsonl"),
        ("EVENTS.CSV", b"event_id,event_type,timestamp,student_id,source\n", "csv"),
    ],
)
def test_the_format_is_told_by_the_name_or_else_by_the_first_line(
    name: str, data: bytes, expected: str
) -> None:
    assert EventFile(io.BytesIO(data), name).format == expected


def test_a_file_is_opened_by_its_path_and_tells_how_far_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(GOOD + b"\n" + GOOD + b"\n")
    with open_events(str(path)) as source:
        assert source.size == 36
        assert [record.line for record in source] == [1, 2]
        assert source.position == source.size
        assert (source.header, source.ignored_columns) == (None, ())


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD + b"\n")))
    with open_events("-") as source:
        assert source.size is None
        assert list(source) == [Record(1, GOOD, GOOD)]


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be opened"), open_events(str(path)):
            pass


@pytest.mark.parametrize(
    "line",
    [
        b'{"student_id": "ada", "student_id": "bob"}',
        b'{"student_id":"ada","student_id" \t: "bob"}',
        b'{"student_id": "ada", "student\\u005fid": "bob"}',
        b'{"metadata": {"a": "1", "a": "2"}}',
        b'{"list": [{"a": 1, "a": 2}]}',
    ],
)
def test_a_name_that_stands_twice_is_refused_since_readers_would_not_agree(line: bytes) -> None:
    (record,) = records(line)
    assert problem(record).endswith(" = twice: must stand once in its object")


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": {"a": [{"a": 1}, {"a": 2}]}}',
        b'{"a": ":", "b": "a\\":", "c": "\\"a\\": 1, \\"a\\": 2"}',
        b'{"a" : 1, "": ""}',
        b'[{"a": 1}, 2]',
        b'{"a": 1, "a"',
        b'{"a": [1, 2}',
    ],
)
def test_names_that_stand_once_are_handed_on_and_broken_lines_are_left_to_the_decoder(line: bytes) -> None:
    assert records(line) == [Record(1, line, line)]
