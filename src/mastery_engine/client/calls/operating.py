"""For those who look after a school: dead letters, the audit trail, tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from mastery_engine.client.call import API, Call, asking, enveloped, path
from mastery_engine.contracts.audit_views import AccessItem, AuditItem, AuditState
from mastery_engine.contracts.letter_view import LetterView
from mastery_engine.contracts.pages import Page
from mastery_engine.contracts.reprocessing import ReprocessAnswer
from mastery_engine.contracts.revocation import Revocation

LetterChoice = Literal["open", "reprocessed", "discarded", "all"]


def dead_letters(*, status: LetterChoice = "open", limit: int = 100) -> Call[Page[LetterView]]:
    """Events that could not be counted, so many (1 to 500) on a page."""
    return Call("GET", f"{API}/dlq", enveloped(Page[LetterView]), query={"status": status, "limit": limit})


def dead_letter(letter_id: str) -> Call[LetterView]:
    """One of them, whole."""
    return Call("GET", path("/dlq/{}", letter_id), enveloped(LetterView))


def fix_letter(letter_id: str, event: Mapping[str, Any]) -> Call[LetterView]:
    """A whole event of the same student in the place of what came in."""
    body = msgspec.json.encode({"event": event})
    return Call("POST", path("/dlq/{}/fix", letter_id), enveloped(LetterView), body=body)


def discard_letter(letter_id: str, reason: str) -> Call[LetterView]:
    """A letter ended without its event being counted."""
    body = msgspec.json.encode({"reason": reason})
    # Sent again after a lost answer, it would be open no more.
    return Call(
        "POST", path("/dlq/{}/discard", letter_id), enveloped(LetterView), body=body, repeatable=False
    )


def reprocess_letters(letter_ids: Sequence[str], *, dry_run: bool = False) -> Call[ReprocessAnswer]:
    """The events of up to 100 letters sent into the log again; nothing counts twice."""
    return asking("/dlq/reprocess", {"letter_ids": letter_ids, "dry_run": dry_run}, ReprocessAnswer)


def audit(  # noqa: PLR0913 - a filter each
    *,
    student_id: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    allowed: bool | None = None,
    request_id: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
) -> Call[Page[AuditItem]]:
    """Who did what to whose data, the newest first.

    Args:
        student_id: Concerned by it.
        actor: Who did it.
        action: What was done, e.g. `mastery.read`.
        allowed: Whether it was.
        request_id: Of which request.
        start: Then or later, with its time zone.
        end: Before, with its time zone.
        limit: So many (1 to 500) on a page.
    """
    return Call(
        "GET",
        f"{API}/audit",
        enveloped(Page[AuditItem]),
        query={
            "student_id": student_id,
            "actor": actor,
            "action": action,
            "allowed": None if allowed is None else str(allowed).lower(),
            "request_id": request_id,
            "from": None if start is None else start.isoformat(),
            "to": None if end is None else end.isoformat(),
            "limit": limit,
        },
    )


def audit_verification() -> Call[AuditState]:
    """Whether the school's audit trail is what was once recorded."""
    return Call("GET", f"{API}/audit/verify", enveloped(AuditState))


def accesses(student_id: str, *, limit: int = 100) -> Call[Page[AccessItem]]:
    """Who saw a student's data, the newest first."""
    where = path("/students/{}/accesses", student_id)
    return Call("GET", where, enveloped(Page[AccessItem]), query={"limit": limit})


def revoke_token(token_id: str, *, expires: int | None = None) -> Call[Revocation]:
    """One token, by its `jti`, that holds no longer; `expires` is its `exp`, Unix seconds."""
    return asking("/tokens/revoke", {"jti": token_id, "exp": expires}, Revocation)


def revoke_subject(subject: str, *, not_before: int | None = None) -> Call[Revocation]:
    """All tokens of somebody that were issued up to a moment (Unix seconds), None means up to now."""
    return asking("/tokens/revoke", {"subject": subject, "not_before": not_before}, Revocation)
