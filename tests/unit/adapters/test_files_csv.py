"""CSV: columns to fields, cells to values, and what a broken line does to the lines after it."""

import io

import msgspec
import pytest

from mastery_engine.adapters.files.event_file import EventFile
from mastery_engine.adapters.files.fields import REQUIRED, fields, from_text, kind_of
from mastery_engine.adapters.files.lines import MAX_LINE_BYTES
from mastery_engine.adapters.files.records import Record
from mastery_engine.contracts.event_json import decode_event
from mastery_engine.domain.errors import InvalidInput, Problem

HEADER = "event_id,event_type,timestamp,student_id,source"
ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
QUIZ = f"{ID},quiz.performance.submitted,2026-01-31T12:00:00Z,ada-01,school"


def read(text: str | bytes, name: str = "events.csv") -> list[Record]:
    return list(EventFile(io.BytesIO(text.encode() if isinstance(text, str) else text), name))


def event(text: str) -> dict[str, object]:
    records = read(text)
    assert [record.problems for record in records] == [()]
    return msgspec.json.decode(records[0].event, type=dict[str, object])


def why(record: Record) -> list[str]:
    assert not record.event
    return [str(problem) for problem in record.problems]


def test_a_line_of_each_type_becomes_an_event() -> None:
    more = (
        "course_id,quiz_id,total_questions,correct_answers,time_spent,confidence_score,activity,metadata.room,"
        "exercise_id,total_exercises,completed_exercises,difficulty,time_taken,activity_dates,max_streak"
    )
    rows = [
        f"{QUIZ},c-1,q1,10,7,61.5,0.8,false,12,,,,,,,",
        f"{ID},exercise.completion.submitted,1769860800000,ada-01,school,,,,,,,,,e1,9,3,beginner,4,,",
        f"{ID},consistency.activity.recorded,1769860800000,ada-01,s,,,,,,,,,,,,,,2026-01-30;2026-01-31,5",
    ]
    quiz, completion, consistency = (
        msgspec.to_builtins(decode_event(record.event))
        for record in read("\n".join([f"{HEADER},{more}", *rows]))
    )
    assert quiz == {
        "event_type": "quiz.performance.submitted",
        "event_id": ID,
        "timestamp": 1769860800000,
        "student_id": "ada-01",
        "source": "school",
        "course_id": "c-1",
        "activity": False,
        "metadata": {"room": "12"},
        "quiz_id": "q1",
        "total_questions": 10,
        "correct_answers": 7,
        "time_spent": 61.5,
        "confidence_score": 0.8,
    }
    assert (completion["completed_exercises"], completion["time_taken"]) == (3, 4.0)
    assert consistency["activity_dates"] == ("2026-01-30", "2026-01-31")
    assert consistency["max_streak"] == 5


def test_components_of_a_question_are_dotted_columns() -> None:
    asked = f"{ID},mastery.calculation.requested,1769860800000,ada-01,school"
    assert event(f"{HEADER},components.quiz,components.quality\n{asked},0.5,1\n")["components"] == {
        "quiz": 0.5,
        "quality": 1.0,
    }


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("total_questions", " 10 ", 10),
        ("total_questions", "-1", -1),
        ("time_spent", "1e3", 1000.0),
        ("timestamp", "1769860800000", 1769860800000),
        ("timestamp", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("activity", "TRUE", True),
        ("activity", "0", False),
        ("student_id", "0012", "0012"),
        ("metadata.note", "7", "7"),
        ("activity_dates", "2026-01-30; 2026-01-31;", ["2026-01-30", "2026-01-31"]),
    ],
)
def test_a_cell_is_read_by_the_kind_of_its_field(field: str, text: str, value: object) -> None:
    kind = kind_of(field)
    assert kind is not None
    found = from_text(field, kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("total_questions", "3.0", "must be a whole number"),
        ("total_questions", "1 000", "must be a whole number"),
        ("time_spent", "0,5", "must be a number, with a point for decimals"),
        ("time_spent", "nan", "must be a number, with a point for decimals"),
        ("time_spent", "inf", "must be a number, with a point for decimals"),
        ("time_spent", "1_0", "must be a number, with a point for decimals"),
        ("activity", "perhaps", "must be true or false"),
    ],
)
def test_a_cell_of_another_kind_is_a_problem(field: str, text: str, rule: str) -> None:
    kind = kind_of(field)
    assert kind is not None
    assert from_text(field, kind, text) == Problem(field, text, rule)


def test_names_that_no_event_has_have_no_kind() -> None:
    assert [kind_of(name) for name in ("colour", "metadata", "metadata.", "components", "")] == [None] * 5
    assert set(REQUIRED) < set(fields())


def test_every_bad_cell_of_a_line_is_told_and_the_rest_goes_on() -> None:
    bad, good = read(f"{HEADER},total_questions,time_spent\n{QUIZ},ten,quick\n{QUIZ},10,1\n")
    assert why(bad) == [
        "total_questions = ten: must be a whole number",
        "time_spent = quick: must be a number, with a point for decimals",
    ]
    assert (bad.line, bad.raw) == (2, f"{QUIZ},ten,quick".encode())
    assert good.problems == ()


def test_an_empty_cell_is_an_absent_field_and_a_line_of_separators_no_event() -> None:
    assert "course_id" not in event(f"{HEADER},course_id\n{QUIZ}, \n,,,,,\n")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_known_by_the_header(separator: str) -> None:
    row = f"{QUIZ},2026-01-30".replace(",", separator)
    found = event(f"{HEADER},activity_dates".replace(",", separator) + f"\n{row}\n")
    assert found["activity_dates"] == ["2026-01-30"]


def test_columns_that_no_event_has_are_ignored_and_named() -> None:
    source = EventFile(io.BytesIO(f"{HEADER},colour,\n{QUIZ},red,\n".encode()), "events.csv")
    assert source.ignored_columns == ("colour",)
    assert [record.problems for record in source] == [()]


def test_a_header_without_the_needed_columns_is_one_error_that_names_found_and_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        read("pupil,points\nada,3\n")
    message = str(caught.value)
    assert "lacks event_id, event_type, timestamp, student_id, source" in message
    assert "Columns found: pupil, points." in message
    assert "Columns known: event_type, event_id, timestamp" in message
    with pytest.raises(InvalidInput, match="lacks source, which every event needs"):
        read(HEADER.replace(",source", "") + "\n")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="header = student_id: is the name of two columns"):
        read(f"{HEADER},student_id\n")


def test_cells_may_hold_quotes_separators_and_line_breaks() -> None:
    text = f'{HEADER},metadata.note\r\n{QUIZ},"a ""b"", c\r\nd"\r\n\r\n{QUIZ},"e"\r\n'
    first, second = read(text)
    assert (first.line, second.line) == (2, 5)
    assert msgspec.json.decode(first.event)["metadata"] == {"note": 'a "b", c\nd'}
    assert first.raw == f'{QUIZ},"a ""b"", c\nd"'.encode()


@pytest.mark.parametrize(
    "bad",
    [f'{QUIZ},"open', f'{QUIZ},5" disk, not quoted', f'{QUIZ},"a" b', f"{QUIZ}", f"{QUIZ},a,b", '"'],
)
def test_a_broken_line_costs_no_other_line(bad: str) -> None:
    good = f'{QUIZ},"fine"'
    records = read("\n".join([f"{HEADER},metadata.note", good, bad, good, good, ""]))
    assert [record.line for record in records] == [2, 3, 4, 5]
    assert [bool(record.event) for record in records] == [True, False, True, True]
    assert records[1].raw == bad.encode()


def test_the_number_of_cells_is_told() -> None:
    assert why(read(f"{HEADER},metadata.note\n{QUIZ}\n")[0])[0].endswith(
        "the line has 5 cells, and the header has 6"
    )


def test_a_quote_that_stays_open_for_too_long_is_told_and_what_follows_read_again() -> None:
    filler = "\n".join(["x" * 1_000] * (MAX_LINE_BYTES // 1_000 + 1))
    records = read(f'{HEADER}\n"{QUIZ}\n{filler}\n{QUIZ}\n')
    assert "a quote opens a cell that is never closed" in why(records[0])[0]
    assert records[0].line == 2
    assert records[-1].event


def test_a_cell_over_the_limit_of_a_line_is_told() -> None:
    bad, good = read(f"{HEADER}\n{'x' * (MAX_LINE_BYTES + 5)}\n{QUIZ}\n")
    assert "a line has at most" in why(bad)[0]
    assert good.line == 3
    with pytest.raises(InvalidInput, match="a line has at most"):
        read(HEADER + "x" * MAX_LINE_BYTES)


def test_another_encoding_is_told_with_its_byte() -> None:
    bad, good = read(f"{HEADER},metadata.note\n{QUIZ},Jörg\n".encode("latin-1") + f"{QUIZ},Jörg\n".encode())
    assert "which is not UTF-8; save the file as UTF-8" in why(bad)[0]
    assert good.event
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read(f"{HEADER},Größe\n".encode("latin-1"))


def test_a_header_that_is_no_csv_is_told() -> None:
    with pytest.raises(InvalidInput, match="is not CSV"):
        read(f'{HEADER},"a"b\n')
