"""A dead letter: a record that could not be counted, whole, and why."""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.contracts.keys import DEFAULT_TENANT

LetterStatus = Literal["open", "reprocessed", "discarded"]
LetterKind = Literal["validation", "processing", "timeout"]
_NAMED: Final = re.compile(rb"(?:school:([a-z0-9_-]+):)?student:([A-Za-z0-9_-]{1,50})")


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that could not be counted, whole, and why.

    Attributes:
        letter_id: UUID derived from where the record lies, or of a CloudEvent from its source, id and content, so that
            redelivery makes no second letter.
        topic_id: Of the topic's own id; of a CloudEvent, the name of the sidecar's component that brought it.
        partition: -1 where a sidecar did not tell it; so is the offset.
        kind: Class of error; `validation` is the sender's, the others are ours.
        reason: Short machine-readable reason, e.g. `invalid`, `event_id_reused`; `given_up` for a valid event that could
            not be folded.
        message: The error in words: field, value, rule.
        payload: The value as it entered, or as mended since.
        original: The value as it entered, if it was mended.
        tenant_id: Tenant if it could be read from the record.
        student_id: Student if it could be read from the record.
        event_id: Event id if it could be read from the record.
        note: Why it was discarded, or what became of it.
    """

    letter_id: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    payload: bytes
    kind: LetterKind
    reason: str
    message: str
    attempts: int
    failed_at_ms: int
    tenant_id: str | None = None
    student_id: str | None = None
    event_id: str | None = None
    original: bytes | None = None
    status: LetterStatus = "open"
    note: str | None = None

    @property
    def owner(self) -> tuple[str, str] | None:
        """Tenant and student, as the record itself or else its key tells; None where neither does."""
        if self.student_id is not None:
            return self.tenant_id or DEFAULT_TENANT, self.student_id
        named = _NAMED.fullmatch(self.key)
        return None if named is None else ((named[1] or DEFAULT_TENANT.encode()).decode(), named[2].decode())
