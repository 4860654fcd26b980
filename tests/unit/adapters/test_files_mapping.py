"""Mapping files: other names, other values, constants."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mastery_engine.adapters.files.event_file import EventFile
from mastery_engine.adapters.files.mapping import FieldMapping, load_mapping
from mastery_engine.domain.errors import InvalidInput

MAPPING = """
[columns]
pupil = "student_id"
when = "timestamp"
result.points = "correct_answers"
"room no" = "metadata.room"

[constants]
source = "school-app"
event_type = "quiz.performance.submitted"

[values.difficulty]
easy = "beginner"

[values.metadata.room]
12 = "twelve"
"""


@pytest.fixture
def mapping(tmp_path: Path) -> FieldMapping:
    return load(tmp_path, MAPPING)


def load(folder: Path, text: str) -> FieldMapping:
    path = folder / "mapping.toml"
    path.write_text(text, "utf-8")
    return load_mapping(path)


def read(data: str, name: str, mapping: FieldMapping) -> list[dict[str, Any]]:
    source = EventFile(io.BytesIO(data.encode()), name, mapping)
    return [msgspec.json.decode(record.event) for record in source]


def test_a_mapping_serves_csv_and_json_lines_alike(mapping: FieldMapping) -> None:
    csv = "event_id,pupil,when,result.points,room no,difficulty,source\n1,ada,5,7,12,easy,other\n"
    line = (
        '{"event_id": "1", "pupil": "ada", "when": 5, "result": {"points": 7}, "room no": 12, '
        '"difficulty": "easy", "source": "other"}\n'
    )
    expected = {
        "event_id": "1",
        "student_id": "ada",
        "timestamp": 5,
        "correct_answers": 7,
        "metadata": {"room": "twelve"},
        "difficulty": "beginner",
        "source": "school-app",
        "event_type": "quiz.performance.submitted",
    }
    assert read(csv, "a.csv", mapping) == [expected]
    found = read(line, "a.jsonl", mapping)
    assert [{name: value for name, value in event.items() if name != "result"} for event in found] == [
        expected
    ]


def test_values_without_a_translation_stay(mapping: FieldMapping) -> None:
    event = mapping.apply({"difficulty": "advanced", "room no": "1", "result": 3})
    assert event["difficulty"] == "advanced"
    assert event["metadata"] == {"room": "1"}
    assert "correct_answers" not in event


def test_what_was_sent_is_not_changed(mapping: FieldMapping) -> None:
    sent = {"metadata": {"a": "b"}, "room no": "1"}
    assert mapping.apply(sent)["metadata"] == {"a": "b", "room": "1"}
    assert sent["metadata"] == {"a": "b"}


def test_a_constant_may_be_added_and_wins(mapping: FieldMapping) -> None:
    assert mapping.with_constant("tenant_id", "north").apply({"tenant_id": "south"})["tenant_id"] == "north"
    assert "tenant_id" not in mapping.constants


@pytest.mark.parametrize(
    ("line", "rule"),
    [(b"{broken", "is not JSON"), (b"[1]", "must be a JSON object"), (b"[" * 20_000, "is not JSON")],
)
def test_a_line_that_is_no_object_is_told(mapping: FieldMapping, line: bytes, rule: str) -> None:
    record = next(iter(EventFile(io.BytesIO(line), "a.jsonl", mapping)))
    assert rule in str(record.problems[0])
    assert record.raw == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[columns]\na = 'b'",
            "mapping.columns = b: is no field of an event; there are event_type, event_id",
        ),
        ("[columns]\na = 1", "mapping.columns = 1: is no field"),
        ("[constants]\nfoo = 1", "mapping.constants = foo: is no field"),
        ("[values.foo]\na = 1", "mapping.values = foo: is no field"),
        ("[column]\na = 'b'", "mapping = column: is unknown; a mapping has columns, constants, values"),
        ("columns = 3", "mapping = columns: is unknown"),
        ("[columns", "is no TOML"),
    ],
)
def test_a_wrong_mapping_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_an_absent_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        load_mapping(tmp_path / "absent.toml")
