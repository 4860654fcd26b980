"""Tables for spreadsheets."""

import csv
import io

import pytest

from mastery_engine.api.csv_tables import csv_answer


def cells(*row: object) -> list[str]:
    body = bytes(csv_answer([row], "table").body).decode()
    return next(csv.reader(io.StringIO(body, newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_that_a_spreadsheet_would_calculate_stands_behind_an_apostrophe(first: str) -> None:
    assert cells(f"{first}1+1") == [f"'{first}1+1"]


def test_other_texts_and_all_numbers_stay_as_they_are() -> None:
    assert cells("a=1", -0.5, 7, None, 'say "hi", you') == ["a=1", "-0.5", "7", "", 'say "hi", you']


def test_lines_end_as_the_format_wants_it() -> None:
    assert bytes(csv_answer([("a", 1), ("b", 2)], "table").body) == b"a,1\r\nb,2\r\n"
