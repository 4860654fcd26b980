"""CloudEvents taken apart: the event's very bytes, the sender's attributes, or why there is no event."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mastery_engine.contracts.cloud_event import open_cloud_event

EVENT = b'{"event_id": "x",  "score": 1.50}'
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def envelope(**fields: object) -> bytes:
    told: dict[str, Any] = {"specversion": "1.0", "id": "7", "source": "quiz-agent", "type": "quiz"}
    return json.dumps({name: one for name, one in (told | fields).items() if one is not ...}).encode()


def around(data: bytes, **fields: object) -> bytes:
    """An envelope whose data are these very bytes."""
    return envelope(**fields)[:-1] + b', "data": ' + data + b"}"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrapped(data: bytes) -> bytes:
    """As a sidecar does with raw payloads."""
    return envelope(
        source="Dapr",
        type="com.dapr.event.sent",
        datacontenttype="application/octet-stream",
        topic="learning.events",
        data_base64=encoded(data),
    )


def test_the_data_come_out_byte_by_byte_with_the_attributes() -> None:
    found = open_cloud_event(around(EVENT, traceparent=TRACE, sequence=7, nested={"a": 1}))
    assert found.error is None
    assert found.payload == EVENT
    assert found.attributes == {
        "specversion": "1.0",
        "id": "7",
        "source": "quiz-agent",
        "type": "quiz",
        "traceparent": TRACE,
        "sequence": "7",
    }


def test_attributes_become_headers_and_the_trace_stands_among_them() -> None:
    found = open_cloud_event(around(EVENT, traceparent=TRACE, correlationid="lesson-7"))
    headers = dict(found.headers())
    assert headers["ce_id"] == b"7"
    assert headers["traceparent"] == TRACE.encode()
    assert headers["correlation_id"] == b"lesson-7"


@pytest.mark.parametrize(
    "content_type",
    [
        ...,
        None,
        "application/json",
        "application/json; charset=utf-8",
        "Application/Vnd.Quiz+JSON",
        "text/json",
    ],
)
def test_data_of_any_kind_of_json_are_taken(content_type: object) -> None:
    assert open_cloud_event(around(EVENT, datacontenttype=content_type)).error is None


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", 7, "application/jsonx"])
def test_data_of_another_kind_are_refused_and_kept(content_type: object) -> None:
    found = open_cloud_event(around(b'"<quiz/>"', datacontenttype=content_type))
    assert found.error is not None
    assert found.error.reason == "not_json"
    assert found.payload == b'"<quiz/>"'
    assert found.attributes["id"] == "7"


def test_what_a_sidecar_has_wrapped_is_unwrapped_whether_it_is_an_envelope_or_an_event() -> None:
    published = open_cloud_event(wrapped(around(EVENT)))
    bare = open_cloud_event(wrapped(EVENT))
    assert published.error is bare.error is None
    assert published.payload == bare.payload == EVENT
    assert published.attributes["source"] == "quiz-agent"
    # The sidecar's own id is another one at each delivery.
    assert bare.attributes == {}


def test_encoded_data_of_a_sender_keep_the_senders_attributes() -> None:
    found = open_cloud_event(envelope(data_base64=encoded(EVENT)))
    assert (found.payload, found.attributes["id"], found.error) == (EVENT, "7", None)
    within = open_cloud_event(wrapped(envelope(data_base64=encoded(EVENT))))
    assert (within.payload, within.attributes["id"], within.error) == (EVENT, "7", None)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": None}, "specversion"),
        ({"specversion": 1.0}, "specversion"),
        ({"id": ...}, "id"),
        ({"id": ""}, "id"),
        ({"source": 7}, "source"),
        ({"type": None}, "type"),
        ({"data": ...}, "data"),
        ({"data": None}, "data"),
        ({"data_base64": "e30="}, "data"),
        ({"data": ..., "data_base64": "{}"}, "data_base64"),
        ({"data": ..., "data_base64": 7}, "data_base64"),
        ({"data": ..., "data_base64": "é"}, "data_base64"),
    ],
)
def test_a_broken_envelope_is_kept_whole_with_every_problem_named(fields: Any, field: str) -> None:
    body = envelope(**({"data": {}} | fields))
    for sent in (body, wrapped(body)):
        found = open_cloud_event(sent)
        assert found.error is not None
        assert found.error.reason == "no_cloud_event"
        assert [problem.field for problem in found.error.problems] == [field]
        assert (found.payload, found.attributes) == (body, {})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"\x00\x00\x00\x00\x07avro", "not_json"),
        (b'"\xff"', "not_utf8"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b"[" * 100_000, "too_deep"),
        (b"[" * 12 + b"]" * 12, "too_deep"),
    ],
)
def test_bytes_that_are_no_json_are_kept_as_they_were_published(raw: bytes, reason: str) -> None:
    for sent in (raw, wrapped(raw), envelope(data_base64=encoded(raw))):
        found = open_cloud_event(sent)
        assert found.error is not None
        assert found.error.reason == reason
        assert found.payload == raw


@pytest.mark.parametrize("body", [b"7", b"null", b'"x"', b"[]", b"{}", EVENT])
def test_json_that_is_no_envelope_is_refused_unless_a_sidecar_has_wrapped_it(body: bytes) -> None:
    found = open_cloud_event(body)
    assert found.error is not None
    assert found.error.reason == "no_cloud_event"
    assert found.payload == body
    assert open_cloud_event(wrapped(body)).error is None


def test_a_name_that_stands_twice_within_two_envelopes_is_found() -> None:
    twice = b'{"event_id": "a", "event_id": "b"}'
    found = open_cloud_event(wrapped(envelope(data_base64=encoded(twice))))
    assert found.error is not None
    assert found.error.reason == "duplicate_name"
    assert found.payload == twice
