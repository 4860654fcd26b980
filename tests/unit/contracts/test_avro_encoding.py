"""The encoding of Avro, byte for byte as fastavro has it."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from mastery_engine.contracts.avro import schema_of
from mastery_engine.contracts.avro_encoding import encoder, long
from tests.unit.contracts.avro_values import CLASSES, by_fastavro, values


def as_objects(value: Any, schema: Any) -> Any:
    """The same with an object for each record, as the contracts have them."""
    if isinstance(schema, list):
        return None if value is None else as_objects(value, cast("list[Any]", schema)[1])
    if not isinstance(schema, dict):
        return value
    told = cast("dict[str, Any]", schema)
    if told["type"] == "record":
        fields = {one["name"]: as_objects(value[one["name"]], one["type"]) for one in told["fields"]}
        return SimpleNamespace(**fields)
    if told["type"] == "array":
        return [as_objects(one, told["items"]) for one in value]
    if told["type"] == "map":
        return {name: as_objects(one, told["values"]) for name, one in value.items()}
    return value


@pytest.mark.parametrize("cls", CLASSES)
@given(data=st.data())
def test_every_record_of_the_contracts_is_encoded_as_by_fastavro(
    cls: type[Struct], data: st.DataObject
) -> None:
    schema = schema_of(cls)
    fields = data.draw(values(schema, {}))
    assert encoder(schema)(as_objects(fields, schema)) == by_fastavro(schema, fields)


@pytest.mark.parametrize("number", [2**34 - 1, 2**34, 2**41 - 1, 2**41, 2**63 - 1, -(2**63)])
def test_numbers_at_the_edges_of_what_is_encoded_without_a_loop_are_encoded_as_by_fastavro(
    number: int,
) -> None:
    schema = {"type": "record", "name": "Told", "fields": [{"name": "on", "type": "long"}]}
    fields = {"on": number}
    assert encoder(schema)(SimpleNamespace(**fields)) == by_fastavro(schema, fields)


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_words_are_encoded_as_by_fastavro_however_many_there_are(words: list[str]) -> None:
    optional = {"name": "level", "type": ["null", "string"]}
    schema = {"type": "record", "name": "Told", "fields": [{"name": "area", "type": "string"}, optional]}
    encode = encoder(schema, words={"area", "level"})
    for word in [*words, *map(str, range(1_100)), *words]:
        fields = {"area": word, "level": word}
        assert encode(SimpleNamespace(**fields)) == by_fastavro(schema, fields)


@given(st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_encoded_as_by_fastavro(number: int) -> None:
    assert long(number) == by_fastavro("long", number)


def test_a_record_within_a_map_within_an_array_keeps_its_own_names() -> None:
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "on", "type": ["null", "long"]}]}
    maps = {"type": "array", "items": {"type": "map", "values": inner}}
    fields = [
        {"name": "some", "type": maps},
        {"name": "one", "type": "Inner"},
        {"name": "known", "type": {"type": "int", "logicalType": "date"}},
    ]
    schema = {"type": "record", "name": "Outer", "fields": fields}
    value = {
        "some": [{}, {"a": {"on": 1}, "b": {"on": None}}],
        "one": {"on": -3},
        "known": date(1969, 12, 31),
    }
    there = SimpleNamespace(**{**vars(as_objects(value, schema)), "one": SimpleNamespace(on=-3)})
    assert encoder(schema)(there) == by_fastavro(schema, value)


def test_what_stands_for_a_field_is_made_of_the_object() -> None:
    schema = {"type": "record", "name": "Told", "fields": [{"name": "day", "type": "long"}]}
    assert encoder(schema, {"day": len})("words") == by_fastavro(schema, {"day": 5})


@pytest.mark.parametrize(
    "kind", ["float", {"type": "enum", "name": "E", "symbols": ["A"]}, ["long", "string"]]
)
def test_a_type_that_the_contracts_do_not_use_is_refused(kind: object) -> None:
    schema = {"type": "record", "name": "Odd", "fields": [{"name": "odd", "type": kind}]}
    with pytest.raises(TypeError, match="is not written here"):
        encoder(schema)
