"""The decoding of Avro, the same as fastavro's or none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from mastery_engine.contracts.avro import schema_of
from mastery_engine.contracts.avro_decoding import DOUBTS, decoder, long_at
from mastery_engine.contracts.avro_encoding import long
from tests.unit.contracts.avro_values import CLASSES, by_fastavro, read_by_fastavro, values


def as_shown(value: Any) -> str:
    """For comparing: nan is like nan, True is unlike 1, and -0.0 unlike 0.0."""
    return repr(value)


@pytest.mark.parametrize("cls", CLASSES)
@given(data=st.data())
def test_every_record_of_the_contracts_is_read_as_by_fastavro(cls: type[Struct], data: st.DataObject) -> None:
    schema = schema_of(cls)
    encoded = by_fastavro(schema, data.draw(values(schema, {})))
    assert as_shown(decoder(schema)(b"head" + encoded, 4)) == as_shown(read_by_fastavro(schema, encoded))


@pytest.mark.parametrize("cls", CLASSES)
@given(data=st.data())
def test_broken_bytes_are_doubted_or_read_as_by_fastavro(cls: type[Struct], data: st.DataObject) -> None:
    schema = schema_of(cls)
    encoded = bytearray(by_fastavro(schema, data.draw(values(schema, {}))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(encoded)))
        encoded[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        read = decoder(schema)(bytes(encoded), 0)
    except DOUBTS:
        return
    assert as_shown(read) == as_shown(read_by_fastavro(schema, bytes(encoded)))


@pytest.mark.parametrize("cls", CLASSES)
@given(data=st.data())
def test_bytes_that_end_early_or_late_are_always_doubted(cls: type[Struct], data: st.DataObject) -> None:
    schema = schema_of(cls)
    encoded = by_fastavro(schema, data.draw(values(schema, {})))
    with pytest.raises(DOUBTS):
        decoder(schema)(encoded[: data.draw(st.integers(0, len(encoded) - 1))], 0)
    with pytest.raises(DOUBTS):
        decoder(schema)(encoded + data.draw(st.binary(min_size=1, max_size=3)), 0)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_read_as_they_were_written(number: int) -> None:
    encoded = long(number)
    assert long_at(b"." + encoded + b".", 1) == (number, 1 + len(encoded))


def test_a_number_of_more_than_64_bits_is_doubted() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        long_at(b"\xff" * 10 + b"\x01", 0)


@pytest.mark.parametrize(
    ("kind", "encoded", "why"),
    [
        ("string", b"\x01", "shorter than nothing"),
        ("boolean", b"\x02", "neither true nor false"),
        (["null", "long"], b"\x04\x02", "no such branch"),
        ({"type": "array", "items": "long"}, b"\x01\x02\x02\x00", "shorter than nothing"),
        ("string", b"\x02\xff", "invalid start byte"),
    ],
)
def test_what_a_schema_does_not_describe_is_doubted(kind: Any, encoded: bytes, why: str) -> None:
    schema = {"type": "record", "name": "One", "fields": [{"name": "one", "type": kind}]}
    with pytest.raises(ValueError, match=why):
        decoder(schema)(encoded, 0)


def test_items_in_several_blocks_are_read_together() -> None:
    numbers = {"type": "array", "items": "long"}
    schema = {"type": "record", "name": "One", "fields": [{"name": "one", "type": numbers}]}
    assert decoder(schema)(b"\x02\x02\x04\x04\x06\x00", 0) == {"one": [1, 2, 3]}


@pytest.mark.parametrize(
    "kind", ["float", {"type": "enum", "name": "E", "symbols": ["A"]}, ["long", "string"]]
)
def test_a_type_that_the_contracts_do_not_use_is_refused(kind: object) -> None:
    schema = {"type": "record", "name": "Odd", "fields": [{"name": "odd", "type": kind}]}
    with pytest.raises(TypeError, match="is not read here"):
        decoder(schema)
