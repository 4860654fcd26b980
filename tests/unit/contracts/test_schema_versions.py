"""Every version of every schema: kept as a file, and read by today's code.

`records/NAME.vN.jsonl` holds records of a version in Avro's own JSON, one with all that may be absent and one without it.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import fastavro
import msgspec
import pytest

from mastery_engine.contracts.avro import RecordReader
from mastery_engine.contracts.avro_events import EventReader
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.outputs import OUTPUT_CLASSES, output_type
from mastery_engine.domain.events import EVENT_CLASSES, event_type
from tests.unit.contracts.schema_changes import BAD, field, record
from tools import schema_versions
from tools.schema_versions import FOLDER, publish, today, unpublished, unreadable, versions_in

RECORDS = Path(__file__).parent / "records"
VERSIONS = {
    f"{name}.v{number}": json.loads(text)
    for name, versions in versions_in(FOLDER).items()
    for number, text in versions.items()
}
EVENTS = {cls.__name__ for cls in EVENT_CLASSES}
OUTPUTS = {cls.__name__: cls for cls in OUTPUT_CLASSES}


def records_of(version: str) -> list[dict[str, Any]]:
    file = RECORDS / f"{version}.jsonl"
    assert file.is_file(), (
        f"{version} has no records that today's code could be tried on; write some to {file.name}"
    )
    with file.open(encoding="utf-8") as lines:
        return list(cast("Iterable[dict[str, Any]]", fastavro.json_reader(lines, VERSIONS[version])))


def framed(version: str, fields: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    stream.write(struct.pack(">bI", 0, 7))
    fastavro.schemaless_writer(stream, fastavro.parse_schema(VERSIONS[version]), fields)
    return stream.getvalue()


def test_every_schema_has_a_version_and_the_newest_is_todays() -> None:
    versions = versions_in(FOLDER)
    assert versions.keys() == today().keys()
    assert list(unpublished(today(), versions)) == []


def test_todays_schemas_read_every_version() -> None:
    assert list(unreadable(today(), versions_in(FOLDER))) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_todays_code_reads_what_was_written_with_every_version(version: str) -> None:
    written = records_of(version)
    assert written
    for fields in written:
        value, name = framed(version, fields), version.partition(".")[0]
        if name in EVENTS:
            event = EventReader(7, VERSIONS[version]).read(value)
            assert isinstance(event, EVENT_CLASSES), event
            assert event_type(event) == fields["event_type"]
            assert (event.event_id, event.student_id) == (fields["event_id"], fields["student_id"])
        elif name in OUTPUTS:
            output = RecordReader(OUTPUTS[name], 7, VERSIONS[version]).fields(value)
            assert output["event_type"] == output_type(OUTPUTS[name])
            assert output["event_id"] == fields["event_id"]
        else:
            letter = RecordReader(DeadLetter, 7, VERSIONS[version]).fields(value)
            letter["headers"] = [(one["key"], one["value"]) for one in letter["headers"]]
            assert msgspec.convert(letter, DeadLetter).payload == fields["payload"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_records_of_a_version_use_everything_that_it_has(version: str) -> None:
    written = records_of(version)
    for one in VERSIONS[version]["fields"]:
        if isinstance(one["type"], list):
            told = [fields[one["name"]] is not None for fields in written]
            assert any(told), f"{one['name']} is absent from all of them"


def test_a_break_is_told_with_schema_version_field_and_advice() -> None:
    old, now = record(field("string")), record(field("long"))
    versions = {"Quiz": {1: json.dumps(now), 2: json.dumps(old), 3: json.dumps(now)}}
    (found,) = unreadable({"Quiz": json.dumps(now)}, versions)
    assert found == (
        "Quiz: today's code cannot read version 2: field a is long now and was string; keep its type; for another one, "
        "add a new field"
    )


def test_a_default_that_is_taken_away_later_breaks_the_version_before_it() -> None:
    first, second = record(), record(field("long", default=0))
    versions = {"Quiz": {1: json.dumps(first), 2: json.dumps(second)}}
    assert list(unreadable({"Quiz": json.dumps(second)}, versions)) == []
    (found,) = unreadable({"Quiz": json.dumps(record(field("long")))}, versions)
    assert "version 1: field a is not in old records and has no default" in found


def test_a_schema_that_went_is_missed() -> None:
    (found,) = unreadable({}, {"Quiz": {1: json.dumps(record())}})
    assert "Quiz: has versions and no schema today" in found


def test_a_change_asks_to_be_published_and_is(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    assert publish({"Quiz": json.dumps(record())}, folder) == ["Quiz.v1.avsc"]
    assert publish({"Quiz": json.dumps(record())}, folder) == []
    changed = {"Quiz": json.dumps(record(field("long", default=0)))}
    (asked,) = unpublished(changed, versions_in(folder))
    assert (
        "today's schema is not version 1, the newest; run python -m tools.schema_versions --publish" in asked
    )
    assert publish(changed, folder) == ["Quiz.v2.avsc"]
    assert list(unpublished(changed, versions_in(folder))) == []


def test_a_version_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "Quiz.v2.avsc").write_text(json.dumps(record()), "utf-8")
    current = {"Quiz": json.dumps(record()), "New": "{}"}
    told = list(unpublished(current, versions_in(tmp_path)))
    assert told[0] == "Quiz: version 1 is missing; get it back from the history"
    assert told[1].startswith("New: has no version yet")


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Quiz.avsc").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match=r"Quiz\.avsc is not named NAME\.vN\.avsc"):
        versions_in(tmp_path)


def test_the_command_fails_for_a_break_and_publishes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change = BAD["another type"]
    (tmp_path / "Quiz.v1.avsc").write_text(json.dumps(change.old), "utf-8")
    monkeypatch.setattr(schema_versions, "FOLDER", tmp_path)
    monkeypatch.setattr(schema_versions, "today", lambda: {"Quiz": json.dumps(change.now)})
    for arguments in ([], ["--publish"]):
        monkeypatch.setattr("sys.argv", ["schema_versions", *arguments])
        assert schema_versions.main() == 1
        assert "Quiz: today's code cannot read version 1: field a" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["Quiz.v1.avsc"]
