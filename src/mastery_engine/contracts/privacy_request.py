"""A request of a person, or of a school, about the data held on them; kept with its report, under keyed hashes alone."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

RequestKind = Literal["erasure", "tenant_erasure", "export", "tenant_export", "restriction"]
RequestState = Literal["open", "done", "failed", "cancelled", "lifted"]
"""`open` until it is done, or has failed for good; `lifted` where something done was undone (a marker, a restriction)."""


class PrivacyRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request, and what became of it.

    Attributes:
        request_id: UUID.
        tenant_id: The tenant.
        kind: What is asked for.
        subject: Keyed hash of the student; None where it is about a whole tenant.
        asked_ms: When it was asked for.
        asked_by: Keyed hash of who asked.
        state: How far it is.
        changed_ms: When it last changed.
        progress: Numbers by name, and the name of the step under `step`.
        report: What came of it: counts and dates, and never a student's id.
        sealed: The student's id while the request is open, so sealed that the key of the hashes opens it (`sealed_id`); whoever
            finishes the request takes it out.
    """

    request_id: str
    tenant_id: str
    kind: RequestKind
    subject: str | None
    asked_ms: int
    asked_by: str
    state: RequestState = "open"
    changed_ms: int = 0
    progress: dict[str, int | str] = {}
    report: dict[str, Any] | None = None
    sealed: str | None = None


class RequestView(Struct, frozen=True, kw_only=True):
    """A request about data, and what became of it.

    Attributes:
        request_id: Its id.
        kind: What was asked for.
        state: `open` until it is done; `lifted` where what was done is in force no more.
        subject: Keyed hash of the student; null where it is about the whole school.
        asked_at: When it was asked for.
        asked_by: Keyed hash of who asked.
        changed_at: When it last changed.
        progress: How far it is, while it is open.
        report: What came of it: counts and dates.
    """

    request_id: str
    kind: RequestKind
    state: RequestState
    subject: str | None
    asked_at: str
    asked_by: str
    changed_at: str
    progress: dict[str, int | str]
    report: dict[str, Any] | None


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(PrivacyRequest)


def encode_request(request: PrivacyRequest) -> bytes:
    """The request as JSON; equal requests give equal bytes."""
    return _encoder.encode(request)


def decode_request(value: bytes | str) -> PrivacyRequest:
    """Read a request."""
    return _decoder.decode(value)
