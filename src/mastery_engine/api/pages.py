"""Lists that can grow, page after page: an opaque cursor leads to the next one."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from msgspec import Meta

from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.pages import Page
from mastery_engine.domain.errors import InvalidInput, Problem

__all__ = ["MOST_ITEMS", "Cursor", "Limit", "Page", "cursor_after", "key_before"]

MOST_ITEMS: Final = 500
Limit = Annotated[int, Meta(ge=1, le=MOST_ITEMS, description="Most items of a page")]
Cursor = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,400}\Z",
        extra={RULE: "must be the `next_cursor` of a page of this list"},
        description="`next_cursor` of the page before; left out, the first page",
    ),
]


def cursor_after(key: str) -> str:
    """The cursor of a page that begins after this key."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def key_before(cursor: str | None) -> str:
    """The key after which a page begins; empty for the first one.

    Raises:
        InvalidInput: The cursor is none of ours.
    """
    if cursor is None:
        return ""
    refusal = InvalidInput.of(
        Problem("cursor", cursor[:100], "must be the `next_cursor` of a page of this list")
    )
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise refusal from None
    # No key of ours has such characters, and PostgreSQL does not take them all.
    if not key.isprintable():
        raise refusal
    return key
