"""The learner's document on the wire."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.contracts.document import (
    TOMBSTONE,
    VERSION,
    DamagedDocument,
    Document,
    decode_document,
    encode_document,
)
from mastery_engine.contracts.outcome import Answer, Outcome, PathNote, Published
from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.domain.events import Event
from mastery_engine.ports import DeadLetter
from tests.properties.comparing import assert_same_state, folded
from tests.properties.strategies import histories, retentions
from tests.unit.engine.house import visit

LETTER = DeadLetter(
    letter_id="00000000-0000-5000-8000-000000000001",
    topic="t",
    topic_id="i",
    partition=1,
    offset=2,
    key=b"k",
    headers=(("a", b"b"),),
    payload=b"\xff",
    kind="processing",
    reason="given_up",
    message="m",
    attempts=4,
    failed_at_ms=5,
)

_micros = st.none() | st.integers(0, 1_000_000)
outcomes = st.builds(
    Outcome,
    event_id=st.binary(min_size=16, max_size=16),
    digest=st.binary(min_size=8, max_size=8),
    partition=st.integers(0, 99),
    offset=st.integers(0, 2**60),
    as_of=st.integers(0, 2**45),
    day=st.integers(0, 30_000),
    score=st.integers(0, 1_000_000),
    level=st.integers(0, 4),
    components=st.tuples(_micros, _micros, _micros, _micros),
    formula=st.just("adr-004@1"),
    previous_score=_micros,
    previous_level=st.none() | st.integers(0, 4),
    path=st.none() | st.builds(PathNote, st.none() | st.integers(0, 30_000)),
    answer=st.none() | st.builds(Answer, st.none() | st.text(max_size=5), st.none() | st.just("NOT_FOUND")),
)


@given(
    histories(min_size=0),
    retentions,
    st.lists(outcomes, max_size=3),
    st.dictionaries(
        st.text(max_size=3), st.dictionaries(st.integers(0, 9), st.integers(0, 2**60)), max_size=2
    ),
    st.lists(st.just(LETTER), max_size=2),
)
def test_a_document_comes_back_as_it_went(
    history: tuple[Calendar, list[Event]],
    retention: int | None,
    noted: list[Outcome],
    offsets: dict[str, dict[int, int]],
    given_up: list[DeadLetter],
) -> None:
    calendar, events = history
    document = Document()
    document.state = folded(events, calendar, retention)
    document.outcomes, document.offsets, document.given_up = noted, offsets, given_up
    document.published = Published(1, 2, (0, 3)) if noted else None
    document.unarchived = {outcome.event_id: outcome.day for outcome in noted[1:]}
    value = encode_document(document)
    assert encode_document(decode_document(value)) == value
    twin = decode_document(value)
    assert (twin.outcomes, twin.offsets, twin.given_up, twin.published) == (
        noted,
        offsets,
        given_up,
        document.published,
    )
    assert_same_state(document.state, twin.state)
    # Every day has been unpacked by now, and packs again into the same document.
    assert_same_state(decode_document(encode_document(twin)).state, document.state)


@given(histories(min_size=2), retentions, st.data())
def test_folding_on_after_a_round_trip_is_folding_on(
    history: tuple[Calendar, list[Event]], retention: int | None, data: st.DataObject
) -> None:
    calendar, events = history
    cut = data.draw(st.integers(1, len(events) - 1))
    document = Document()
    document.state = folded(events[:cut], calendar, retention)
    document = decode_document(encode_document(document))
    for event in events[cut:]:
        document.state.fold(event, calendar.day(event.timestamp), retention)
        document = decode_document(encode_document(document))
    assert_same_state(document.state, folded(events, calendar, retention))


def test_offsets_only_go_on() -> None:
    document = Document()
    assert document.folded("topic", 0) == -1
    document.advance("topic", 0, 5)
    document.advance("topic", 0, 3)
    document.advance("topic", 1, 0)
    document.advance("other", 0, 1)
    assert document.offsets == {"topic": {0: 5, 1: 0}, "other": {0: 1}}
    assert document.folded("topic", 0) == 5


def test_a_day_of_mere_activity_takes_two_bytes() -> None:
    calendar = Calendar()
    sizes: list[int] = []
    for days in (10, 11):
        events = [visit(number, f"2024-03-{number:02}T10:00:00") for number in range(1, days + 1)]
        document = Document()
        document.state = folded(events, calendar, None)
        sizes.append(len(encode_document(document)))
    assert sizes[1] - sizes[0] <= 3


def test_a_newer_version_is_refused_with_what_to_do() -> None:
    fields = msgspec.msgpack.decode(encode_document(Document()))
    fields[0] = VERSION + 1
    with pytest.raises(NewerVersion, match=r"version 2, this release reads up to 1; upgrade"):
        decode_document(msgspec.msgpack.encode(fields))
    with pytest.raises(NewerVersion):
        decode_document(msgspec.msgpack.encode([VERSION + 1, "another", "shape"]))


@pytest.mark.parametrize(
    "value",
    [b"", b"\xff", b"\x90", b"\x99\x01", b"\x91" * 5_000, TOMBSTONE, msgspec.msgpack.encode({"a": 1})],
)
def test_what_is_no_document_is_told_with_what_to_do(value: bytes) -> None:
    with pytest.raises(DamagedDocument, match="mastery replay"):
        decode_document(value)


def test_a_tombstone_begins_like_no_document() -> None:
    assert TOMBSTONE[:1] == b"\xc1"
    assert encode_document(Document())[:1] != b"\xc1"
