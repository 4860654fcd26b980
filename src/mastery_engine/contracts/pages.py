"""A part of a list that can grow."""

from __future__ import annotations

import base64
from typing import Final, Generic, TypeVar

from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, Problem

LONGEST_CURSOR: Final = 400
Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """A part of a list.

    Attributes:
        items: In order.
        next_cursor: Leads to the next page; null at the end.
    """

    items: list[Item]
    next_cursor: str | None


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
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    # Also what is no Base64, no UTF-8, or no ASCII to begin with.
    except ValueError:
        raise no_cursor(cursor) from None
    # No key of ours has such characters, and PostgreSQL does not take them all.
    if not key.isprintable():
        raise no_cursor(cursor)
    return key


def no_cursor(cursor: str) -> InvalidInput:
    """The refusal of a cursor that is none of a list's."""
    return InvalidInput.of(
        Problem("cursor", cursor[:100], "must be the `next_cursor` of a page of this list")
    )
