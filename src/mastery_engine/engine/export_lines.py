"""Lines of an export: dead letters, accesses and stored keys, without anybody else in them."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from mastery_engine.contracts.document_view import plain
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.student_export import ExportedAccess, ExportedKey, ExportedLetter, iso
from mastery_engine.ports import AuditEntry, DeadLetter

ITSELF: Final = "the student"
ANOTHER: Final = "another student"
_KEYED_HASH: Final = re.compile(r"\b[0-9a-f]{32}\b")
_PROCESSED: Final = re.compile(r"(?:school:[^:]+:)?processed:([0-9a-f-]{36})\Z")


def letter_of(letter: DeadLetter) -> ExportedLetter:
    """A dead letter as it is handed out."""
    try:
        text = letter.payload.decode()
    except UnicodeDecodeError:
        text = None
    return ExportedLetter(
        letter_id=letter.letter_id,
        failed_at=iso(letter.failed_at_ms),
        kind=letter.kind,
        reason=letter.reason,
        message=letter.message,
        status=letter.status,
        attempts=letter.attempts,
        topic=letter.topic,
        payload=letter.payload,
        payload_text=text,
        original=letter.original,
        note=letter.note,
    )


def access_of(entry: AuditEntry, subject: str) -> ExportedAccess:
    """An access as it is handed out: of other students their number alone.

    Args:
        entry: About the student.
        subject: The student's keyed hash.
    """
    who = entry.actor
    if entry.role == "student":
        who = ITSELF if who == subject else ANOTHER
    return ExportedAccess(
        at=iso(entry.at_ms),
        who=who,
        role=entry.role,
        action=entry.action,
        allowed=entry.allowed,
        others=len(set(entry.subjects) - {subject}),
        detail={name: value for name, value in entry.detail.items() if not _KEYED_HASH.search(value)},
    )


def key_of(name: str, value: bytes, subject: bytes | None) -> ExportedKey | None:
    """A stored key as it is handed out; None for the record of an event that was another student's.

    Args:
        name: Of a derived key, or of a `processed:` record.
        value: What is stored.
        subject: For `processed:` records, the student's keyed hash.
    """
    processed = _PROCESSED.match(name)
    if processed is None:
        try:
            return ExportedKey(key=name, value=msgspec.json.decode(value))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ExportedKey(key=name, value={"hex": value.hex()})
    record = read_processed(bytes.fromhex(processed[1].replace("-", "")), value)
    if record is None or record.student != subject:
        return None
    return ExportedKey(key=name, value=plain(record.outcome))
