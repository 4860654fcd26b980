"""Server-sent events out of bytes, however they are cut."""

from __future__ import annotations

import pytest

from mastery_engine.client.sse import MOST_BYTES, Event, EventDecoder

STREAM = (
    b": hello\nretry: 3000\n\n"
    b"id: 7\nevent: update\ndata: one\ndata: two\n\n"
    b":\n\n"
    b"event: nothing\n\n"
    b"data:no space\r\n\r\n"
    b"unknown\nid: 8\0\ndata: last\n\n"
)
EVENTS = [
    Event("update", b"one\ntwo", "7"),
    Event("message", b"no space", "7"),
    Event("message", b"last", "7"),
]


@pytest.mark.parametrize("size", [1, 2, 7, len(STREAM)])
def test_events_come_whole_however_the_stream_is_cut(size: int) -> None:
    decoder = EventDecoder()
    parts = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for part in parts for event in decoder.feed(part)] == EVENTS
    assert decoder.retry_seconds == 3.0


def test_an_event_without_an_end_is_none() -> None:
    assert list(EventDecoder().feed(b"data: cut off\n")) == []


def test_the_id_that_was_given_stays_until_another_comes() -> None:
    assert next(EventDecoder("5").feed(b"data: x\n\n")).id == "5"


@pytest.mark.parametrize("part", [b"data: " + bytes(MOST_BYTES), b"data: x\n" * (MOST_BYTES // 4)])
def test_an_event_without_measure_is_refused(part: bytes) -> None:
    with pytest.raises(ValueError, match="longer than"):
        list(EventDecoder().feed(part))
