"""Rosters in a CSV file: taken whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mastery_engine.adapters.files.roster_csv import read_roster
from mastery_engine.adapters.files.table import MOST_PROBLEMS
from mastery_engine.domain.enrolment import Enrolment
from mastery_engine.domain.errors import InvalidInput

HEADER = "cohort_id,name,role,person_id,start,end\n"
EXAMPLES = Path(__file__).parents[3] / "docs/examples"


def problems_of(text: str | bytes) -> list[tuple[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidInput) as caught:
        read_roster(data)
    return [(one.field, one.value) for one in caught.value.problems]


def test_the_example_is_read() -> None:
    found = read_roster((EXAMPLES / "classes.csv").read_bytes())
    assert len(found) == 6
    assert found[3] == Enrolment(
        cohort_id="class-7b",
        name="Python for beginners",
        person_id="chloe-01",
        start=date(2026, 9, 1),
        end=date(2027, 7, 15),
    )


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_ends_of_lines_and_quotes_are_as_spreadsheets_write_them(bom: str, end: str) -> None:
    lines = [
        "person_id,cohort_id,role,name,notes",
        'a,7b,Student,"Größe, ""7b"" 🦉",x',
        "",
        ",,,,",
        "T@x,7b,teacher,,",
    ]
    found = read_roster((bom + end.join(lines) + end).encode())
    assert [(one.person_id, one.role) for one in found] == [("a", "student"), ("T@x", "teacher")]
    assert found[0].name == 'Größe, "7b" 🦉'


def test_every_problem_is_named_with_its_line() -> None:
    found = problems_of(
        HEADER
        + "7 b,,student,a,,\n"
        + '7b,"two\nlines",student,a b,,\n'
        + "7b,Seven,pupil,a,2026-02-30,\n"
        + "7b,Eight,teacher,os:root,2026-09-01,2026-08-31\n"
        + "7b,student,a\n"
    )
    assert found == [
        ("line 2, cohort_id", "7 b"),
        ("line 3, name", "two\\nlines"),
        ("line 3, person_id", "a b"),
        ("line 5, start", "2026-02-30"),
        ("line 5, role", "pupil"),
        ("line 6, name", "Eight"),
        ("line 6, end", "2026-08-31"),
        ("line 6, person_id", "os:root"),
        ("line 7", "3 cells"),
    ]


def test_of_many_problems_the_first_are_told_and_the_others_counted() -> None:
    found = problems_of(HEADER + "7b,,student,a b,,\n" * 1_000)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == ("", f"{1_000 - MOST_PROBLEMS} more")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", ("line 1", "cohort_id")),
        (b"cohort_id;role;person_id\n", ("line 1", "cohort_id")),
        (b"cohort_id,role,person_id,role\n", ("line 1", "role")),
        (HEADER.encode() + b"7b,,student,\xff,,\n", ("line 2", "a byte")),
        (HEADER.encode() + b'7b,,student,"a,,\n7b,,student,b,,\n', ("line 2", "the line")),
    ],
)
def test_a_file_that_is_none_is_refused_whole(data: bytes, told: tuple[str, str]) -> None:
    assert problems_of(data)[0] == told


def test_there_is_a_bound_on_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mastery_engine.adapters.files.table.MOST_ROWS", 2)
    assert problems_of(HEADER + "7b,,student,a,,\n" * 3) == [("line 4", "a row")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (f"{HEADER}7b,,student,{'a' * 200_000},,\n".encode(), "field larger than field limit"),
        (
            f"{HEADER}7b,{'n' * 100_000},student,a,,\n".encode(),
            "must be at most 200 characters, all to be seen",
        ),
        (f"{HEADER}7b,,student,a,,\n".encode("utf-16"), "is not UTF-8; save the file as CSV in UTF-8"),
        (f"{HEADER}7b,,student,a,,\n".encode("utf-16-le"), "is a column that must be there"),
        (f"{HEADER}7b,Größe,student,a,,\n".encode("latin-1"), "is not UTF-8; save the file as CSV in UTF-8"),
        (b"column," * 50_000 + b"\n", "is a column that must be there"),
        ((HEADER + "x," * 200_000).encode(), "are in the line, and 6 in the header"),
    ],
    ids=["huge id", "huge name", "UTF-16", "UTF-16 without a mark", "Latin-1", "many columns", "many cells"],
)
def test_what_is_huge_or_in_another_encoding_is_told_in_few_words(data: bytes, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_roster(data)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 2_000
