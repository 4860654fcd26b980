"""Lists that can grow, page after page: an opaque cursor leads to the next one."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Generic, TypeVar

from msgspec import Meta, Struct

from mastery_engine.domain.errors import InvalidInput, Problem

MOST_ITEMS: Final = 500
Item = TypeVar("Item")
Limit = Annotated[int, Meta(ge=1, le=MOST_ITEMS, description="Most items of a page")]
Cursor = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,400}\Z",
        description="`next_cursor` of the page before; left out, the first page",
    ),
]


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
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidInput.of(
            Problem("cursor", cursor[:100], "must be the `next_cursor` of a page of this list")
        ) from None
