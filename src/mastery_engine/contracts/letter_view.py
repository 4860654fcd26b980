"""A dead letter as it is told."""

from __future__ import annotations

from base64 import b64encode

from msgspec import Struct

from mastery_engine.contracts.dead_letter import DeadLetter, LetterKind, LetterStatus
from mastery_engine.domain.calendar import moment_of


class LetterView(Struct, frozen=True, kw_only=True):
    """A dead letter with its bytes as text; bytes that are not UTF-8 are escaped.

    Attributes:
        place: Topic, partition and offset.
        failed_at: ISO 8601, UTC.
        key: Of the record.
        headers: Of the record, in order.
        event: The event as JSON, where the payload is something else (Avro) and tells one; only of a letter shown alone.
        payload_base64: The very bytes, where they are no UTF-8.
    """

    letter_id: str
    kind: LetterKind
    reason: str
    message: str
    status: LetterStatus
    note: str | None
    tenant_id: str | None
    student_id: str | None
    event_id: str | None
    place: str
    attempts: int
    failed_at: str
    payload: str
    original: str | None
    key: str = ""
    headers: list[tuple[str, str]] = []
    event: str | None = None
    payload_base64: str | None = None


def letter_view(letter: DeadLetter, event: bytes | None = None) -> LetterView:
    """A dead letter as it is shown.

    Args:
        letter: Which.
        event: Its event as JSON, where its bytes are something else.
    """
    return LetterView(
        letter_id=letter.letter_id,
        kind=letter.kind,
        reason=letter.reason,
        message=letter.message,
        status=letter.status,
        note=letter.note,
        tenant_id=letter.tenant_id,
        student_id=letter.student_id,
        event_id=letter.event_id,
        place=f"{letter.topic}/{letter.partition}@{letter.offset}",
        attempts=letter.attempts,
        failed_at=moment_of(letter.failed_at_ms).isoformat(),
        payload=text_of(letter.payload),
        original=None if letter.original is None else text_of(letter.original),
        key=text_of(letter.key),
        headers=[(name, text_of(value)) for name, value in letter.headers],
        event=None if event is None else text_of(event),
        payload_base64=None if _is_text(letter.payload) else b64encode(letter.payload).decode(),
    )


def text_of(raw: bytes) -> str:
    """Bytes as text; those that are no UTF-8 are escaped."""
    return raw.decode("utf-8", "backslashreplace")


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
