"""Events in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec

from mastery_engine.client.call import API, Call, enveloped
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.ingest_answer import IngestAnswer
from mastery_engine.domain.events import LearningEvent

MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 4 << 20
"""A little less than an ingest takes at once."""


def ingest(
    events: Sequence[LearningEvent | Mapping[str, Any]], *, idempotency_key: str | None = None
) -> Call[IngestAnswer]:
    """Events in, up to 1,000.

    Args:
        events: As types, or as what their JSON would be.
        idempotency_key: Under which the service answers a repeat as it answered the first; None makes one, so that the
            client's own tries are answered alike.
    """
    parts = (
        encode_event(one) if isinstance(one, LearningEvent) else msgspec.json.encode(one) for one in events
    )
    return ingest_bytes(b"[" + b",".join(parts) + b"]", idempotency_key=idempotency_key)


def ingest_bytes(body: bytes, *, idempotency_key: str | None = None) -> Call[IngestAnswer]:
    """The same of JSON: one event, or a list of up to 1,000."""
    return Call(
        "POST",
        f"{API}/mastery/ingest",
        enveloped(IngestAnswer),
        body=body,
        headers={"Idempotency-Key": idempotency_key or str(uuid4())},
    )


def ingests(events: Iterable[LearningEvent | Mapping[str, Any]]) -> Iterator[Call[IngestAnswer]]:
    """Any number of events as calls that each take what the service takes at once."""
    parts: list[bytes] = []
    size = 0
    for one in events:
        part = encode_event(one) if isinstance(one, LearningEvent) else msgspec.json.encode(one)
        if parts and (len(parts) == MOST_EVENTS or size + len(part) > MOST_BYTES):
            yield ingest_bytes(b"[" + b",".join(parts) + b"]")
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield ingest_bytes(b"[" + b",".join(parts) + b"]")
