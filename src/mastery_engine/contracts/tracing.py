"""Headers of records: what is in them; and trace context and correlation id, which go from an event to its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

EVENT_ID: Final = "event_id"
EVENT_TYPE: Final = "event_type"
TRACEPARENT: Final = "traceparent"
CORRELATION_ID: Final = "correlation_id"
_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_CORRELATION_ID: Final = re.compile(rb"[\x21-\x7e]{1,100}")
_FORMS: Final = {TRACEPARENT: _TRACEPARENT, CORRELATION_ID: _CORRELATION_ID}
Headers = tuple[tuple[str, bytes], ...]


class Trace(Struct, array_like=True, frozen=True, gc=False):
    """Where an event comes from, for those who look after a whole chain of services.

    Attributes:
        traceparent: W3C Trace Context, version 00.
        correlation_id: The sender's id of the conversation, 1 to 100 visible ASCII characters.
    """

    traceparent: str | None = None
    correlation_id: str | None = None

    def headers(self) -> Headers:
        """As headers of an output."""
        named = ((TRACEPARENT, self.traceparent), (CORRELATION_ID, self.correlation_id))
        return tuple((name, value.encode()) for name, value in named if value is not None)


def trace_of(headers: Iterable[tuple[str, bytes]]) -> Trace | None:
    """The trace that a record's headers tell; malformed ones are passed over, and of several the last one holds."""
    found: dict[str, str] = {}
    for name, value in headers:
        form = _FORMS.get(name)
        if form is not None and form.fullmatch(value):
            found[name] = value.decode()
    return Trace(found.get(TRACEPARENT), found.get(CORRELATION_ID)) if found else None
