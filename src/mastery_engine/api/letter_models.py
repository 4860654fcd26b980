"""What the doors for dead letters take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from mastery_engine.api.pages import Cursor, Limit
from mastery_engine.contracts.event_words import RULE

MOST_AT_ONCE: Final = 100
LetterId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z",
        extra={RULE: "must be a UUID in lower case, as GET /dlq tells it"},
        description="Id of the dead letter",
    ),
]

_SAYS_SOMETHING: Final = r"[^\s\x1c-\x1f\x85\ufeff]"
"""Dialects of patterns do not agree on what is white space, and this says it alike in all: something besides it."""


class LetterParameters(Struct, frozen=True, kw_only=True):
    """Of one letter."""

    letter_id: LetterId


class LettersParameters(Struct, frozen=True, kw_only=True):
    """Of the list of letters.

    Attributes:
        status: Only those.
        limit: Most items of a page.
        cursor: `next_cursor` of the page before; left out, the first page.
    """

    status: Literal["open", "reprocessed", "discarded", "all"] = "open"
    limit: Limit = 100
    cursor: Cursor | None = None


class FixRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mended event.

    Attributes:
        event: The whole event, of the same student, in the place of what had come in.
    """

    event: dict[str, Any]


class ReprocessRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wants events counted after all.

    Attributes:
        letter_ids: Which letters; who is named twice is sent once.
        dry_run: Only tell what would become of each.
    """

    letter_ids: Annotated[tuple[LetterId, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]
    dry_run: bool = False


class DiscardRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ends a letter without its event being counted.

    Attributes:
        reason: Why; it is kept with the letter.
    """

    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            pattern=_SAYS_SOMETHING,
            extra={RULE: "must say something, in at most 500 characters"},
        ),
    ]
