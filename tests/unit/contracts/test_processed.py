"""`processed:` records as a store gives them back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.contracts.outcome import PROCESSED_VERSION, Outcome, Processed, encode_processed
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.errors import NewerVersion

EVENT = b"i" * 16
OUTCOME = Outcome(EVENT, b"d" * 8, 1, 2, 3, 4, 340_000, 0, (600_000, None, None, 1_000_000), "adr-004@1")
VALUE = encode_processed(b"s" * 16, OUTCOME)


def test_a_sound_record_comes_back() -> None:
    assert read_processed(EVENT, VALUE) == Processed(PROCESSED_VERSION, b"s" * 16, OUTCOME)


@pytest.mark.parametrize(
    "value", [b"", b"\xc1 rubbish", b"{}", VALUE[:-1], VALUE.replace(b"adr", b"\xff\xff\xff")]
)
def test_a_damaged_record_is_told_from_none_at_all(value: bytes) -> None:
    assert read_processed(EVENT, value) is None


def test_a_record_of_another_event_under_this_key_is_damaged() -> None:
    assert read_processed(b"j" * 16, VALUE) is None


@pytest.mark.parametrize(
    "newer", [Processed(PROCESSED_VERSION + 1, b"s", OUTCOME), [PROCESSED_VERSION + 1, "other"]]
)
def test_a_record_of_a_newer_release_is_no_damage_whatever_its_layout(newer: object) -> None:
    with pytest.raises(NewerVersion, match="version 2, this release knows 1; upgrade"):
        read_processed(EVENT, msgspec.msgpack.encode(newer))


@given(st.data())
def test_whatever_happens_to_its_bytes_reading_ends_well(data: st.DataObject) -> None:
    value = bytearray(VALUE)
    for place, byte in data.draw(
        st.dictionaries(st.integers(0, len(VALUE) - 1), st.integers(0, 255), max_size=9)
    ).items():
        value[place] = byte
    try:
        record = read_processed(EVENT, bytes(value))
    except NewerVersion:
        return
    assert record is None or record.outcome.event_id == EVENT
