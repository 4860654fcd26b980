"""Event ids as UUIDs, which take 16 bytes in the archive and its index."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z").match


def packed(event_id: str) -> tuple[bytes, str | None]:
    """The 16 bytes that stand for an event id, and its text if they do not tell it.

    A canonical UUID, as every valid event has one, is its own bytes. Any other text stands under a UUID of version 8, made of
    its hash.
    """
    if _CANONICAL(event_id):
        return bytes.fromhex(event_id.replace("-", "")), None
    digest = bytearray(sha256(event_id.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest), event_id
