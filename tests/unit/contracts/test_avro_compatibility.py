"""Which changes of a schema keep old records readable."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from fastavro.utils import generate_many

from tests.unit.contracts.schema_changes import BAD, GOOD, BadChange, Change
from tools.avro_compatibility import breaks

MANY = 100


def read_by_fastavro(change: Change) -> None:
    old, now = (fastavro.parse_schema(schema) for schema in change)
    for written in generate_many(old, MANY):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, old, written)
        stream.seek(0)
        fastavro.schemaless_reader(stream, old, now)


@pytest.mark.parametrize("change", GOOD.values(), ids=list(GOOD))
def test_a_change_that_keeps_old_records_readable_passes(change: Change) -> None:
    assert breaks(change.now, change.old) == []


@pytest.mark.parametrize("change", BAD.values(), ids=list(BAD))
def test_a_change_that_breaks_is_found_with_the_field_and_what_to_do(change: BadChange) -> None:
    (found,) = breaks(change.now, change.old)
    assert found.field == change.field
    assert change.words in f"{found.what}; {found.advice}"


@pytest.mark.parametrize("name", [name for name in GOOD if name != "a record of itself"])
def test_what_passes_is_read_by_the_library_that_reads_for_us(name: str) -> None:
    read_by_fastavro(GOOD[name])


@pytest.mark.parametrize("name", [name for name, change in BAD.items() if not change.stricter])
def test_what_breaks_is_refused_by_it_too(name: str) -> None:
    change = BAD[name]
    with pytest.raises(Exception, match=r".+"):
        read_by_fastavro(Change(change.old, change.now))


def test_all_that_breaks_is_told_at_once() -> None:
    old: dict[str, Any] = {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]}
    now = old | {"fields": [{"name": "x", "type": "string"}, {"name": "y", "type": "int"}]}
    assert [found.field for found in breaks(now, old)] == ["x", "y"]
