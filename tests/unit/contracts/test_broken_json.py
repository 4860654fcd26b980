"""Bytes that are no JSON are told by field, or by the text around the place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mastery_engine.contracts.broken_json import not_utf8
from mastery_engine.contracts.event_json import decode_event
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, Problem


def problems(raw: bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refused:
        decode_event(raw)
    return refused.value.problems


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999"])
def test_a_number_that_json_cannot_write_is_told_by_field_and_value(number: str) -> None:
    (problem,) = problems(b'{"event_id": "x", "confidence_score": %b}' % number.encode())
    assert (problem.field, problem.value) == ("confidence_score", number)
    assert "NaN" in problem.rule


def test_such_a_number_deep_inside_is_told_by_its_path() -> None:
    found = problems(b'{"metadata": {"a": [1, NaN]}, "confidence_score": 1e400, "total_questions": 2.5}')
    assert [(one.field, one.value) for one in found] == [
        ("metadata.a[1]", "NaN"),
        ("confidence_score", "1e400"),
    ]


def test_a_broken_line_is_told_with_the_text_around_the_place() -> None:
    raw = b'{"event_id": "%b", "student_id": oops, "source": "%b"}' % (b"a" * 50, b"b" * 50)
    (problem,) = problems(raw)
    assert problem.field == ""
    assert problem.value.startswith("…")
    assert problem.value.endswith("b…")
    assert '"student_id": oops' in problem.value
    assert problem.rule.startswith("is not JSON")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"\xef\xbb\xbf{}", "\\ufeff{}"),
        (b'{"a"', '{"a"'),
        (b'{"correct_answers": NaN, "x"}', '{"correct_answers": NaN, "x"}'),
        (b"[" * 5_000, "[" * 100 + "…"),
    ],
)
def test_a_short_or_odd_line_is_told_whole_and_harmless(raw: bytes, shown: str) -> None:
    (problem,) = problems(raw)
    assert problem.value == shown


@pytest.mark.parametrize("read", [decode_event, decode_strictly])
def test_a_byte_that_is_no_utf_8_is_placed_within_all_that_was_sent(read: Callable[[bytes], object]) -> None:
    with pytest.raises(InvalidInput, match=r"is not UTF-8: byte 15 is 0xff$") as refused:
        read(b'{"a": "\xc3\xa9\\n xx\xff"}')
    assert refused.value.reason == "not_utf8"


def test_a_reader_that_finds_no_utf_8_where_another_does_is_believed() -> None:
    assert not_utf8(b"{}").message == "is not UTF-8"
