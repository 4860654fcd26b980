"""What a key of the state store is of, told from the key itself."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from mastery_engine.contracts.keys import DEFAULT_TENANT

SCHOOL: Final = "school:"
"""What the keys of all tenants but `default` start with."""
_OWNER: Final = r"(?:school:(?P<tenant>[a-z0-9][a-z0-9_-]*):)?"
_DOCUMENT: Final = re.compile(_OWNER + r"student:(?P<student>[^:]+):profile:current_mastery")
_PROCESSED: Final = re.compile(_OWNER + r"processed:(?P<event>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

_REVOCATION: Final = re.compile(_OWNER + r"revoked:.+")


def learner_of(key: str) -> tuple[str, str] | None:
    """Tenant and student of a learner's document, None for any other key."""
    found = _DOCUMENT.fullmatch(key)
    return None if found is None else (found["tenant"] or DEFAULT_TENANT, found["student"])


def event_of(key: str) -> tuple[str, bytes] | None:
    """Tenant and event id of a `processed:` record, None for any other key."""
    found = _PROCESSED.fullmatch(key)
    return None if found is None else (found["tenant"] or DEFAULT_TENANT, UUID(found["event"]).bytes)


def revocation_of(key: str) -> str | None:
    """Tenant of a note of revoked tokens, None for any other key."""
    found = _REVOCATION.fullmatch(key)
    return None if found is None else found["tenant"] or DEFAULT_TENANT
