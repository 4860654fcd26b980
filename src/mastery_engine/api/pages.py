"""Lists that can grow, page after page: an opaque cursor leads to the next one."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.pages import LONGEST_CURSOR, Page, cursor_after, key_before

__all__ = ["MOST_ITEMS", "Cursor", "Limit", "Page", "cursor_after", "key_before"]

MOST_ITEMS: Final = 500
Limit = Annotated[int, Meta(ge=1, le=MOST_ITEMS, description="Most items of a page")]
Cursor = Annotated[
    str,
    Meta(
        pattern=rf"^[A-Za-z0-9_-]{{1,{LONGEST_CURSOR}}}\Z",
        extra={RULE: "must be the `next_cursor` of a page of this list"},
        description="`next_cursor` of the page before; left out, the first page",
    ),
]
