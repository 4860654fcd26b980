"""A part of a list that can grow."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """A part of a list.

    Attributes:
        items: In order.
        next_cursor: Leads to the next page; null at the end.
    """

    items: list[Item]
    next_cursor: str | None
