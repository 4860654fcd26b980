"""Who asks, with a token each, and what they ask."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from benchmarks.api.sending import request_of
from benchmarks.stream.school import STUDENTS, TENANT, events
from mastery_engine.adapters.auth import TokenRole, make_token
from mastery_engine.contracts.event_json import encode_event

BATCH: Final = 1_000
_HOURS: Final = 3_600


def bearer(secret: str, subject: str, role: TokenRole) -> dict[str, str]:
    """The header of somebody, for an hour."""
    token = make_token(
        secret.encode(),
        subject=subject,
        role=role,
        tenant_id=TENANT,
        issuer="mastery-engine",
        audience="mastery-api",
        issued_at=int(time.time()),
        lifetime_seconds=_HOURS,
    )
    return {"Authorization": f"Bearer {token}"}


def batches(secret: str, count: int) -> Iterator[bytes]:
    """Events as a service sends them, 1,000 at once."""
    source, told = events(count), bearer(secret, "bench", "service")
    while batch := list(islice(source, BATCH)):
        body = b"[" + b",".join(map(encode_event, batch)) + b"]"
        yield request_of("POST", "/api/v1/mastery/ingest", told, body)


def students(count: int) -> list[str]:
    """Those who have an event."""
    return sorted({event.student_id for event in events(count)})[:STUDENTS]


def questions(secret: str, asking: list[str]) -> list[bytes]:
    """How each of the students stands, asked by the student."""
    return [
        request_of(
            "POST",
            "/api/v1/mastery/query",
            bearer(secret, student, "student"),
            msgspec.json.encode({"student_id": student}),
        )
        for student in asking
    ]
