"""What opens a stream."""

from __future__ import annotations

from msgspec import Struct


class StreamTicket(Struct, frozen=True, kw_only=True):
    """Opens one stream.

    Attributes:
        ticket: For the parameter `ticket` of the stream's URL.
        expires: Until when it may be used, ISO 8601 in UTC.
    """

    ticket: str
    expires: str
