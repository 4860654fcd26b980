"""Canonical UUIDs (lower case, with hyphens) as their 16 bytes, and keys that end in one."""

from __future__ import annotations

import re
from typing import Final

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z").match
_LENGTH: Final = 36
_DIGITS: Final = 32
_SHAPE: Final = "00000000-0000-0000-0000-000000000000"


def packed(text: str) -> bytes | str:
    """A canonical UUID as its 16 bytes; anything else stays as it is."""
    return bytes.fromhex(text.replace("-", "")) if _CANONICAL(text) else text


def unpacked(packed_text: bytes | str) -> str:
    """What `packed` was given."""
    if isinstance(packed_text, str):
        return packed_text
    digits = packed_text.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def split(key: str) -> tuple[str, bytes] | None:
    """The prefix and the UUID of a key that ends in a canonical one."""
    # Nearly every other key fails this, at a fraction of the cost.
    if key[-13:-12] != "-" or key[-18:-17] != "-":
        return None
    start = len(key) - _LENGTH
    if start < 0 or not _CANONICAL(key, start):
        return None
    return key[:start], bytes.fromhex(key[start:].replace("-", ""))


def span(beginning: str) -> tuple[bytes, bytes] | None:
    """The least and the greatest UUID whose canonical text begins so; None if there is none."""
    if len(beginning) > _LENGTH or not _CANONICAL(beginning + _SHAPE[len(beginning) :]):
        return None
    digits = beginning.replace("-", "")
    return bytes.fromhex(digits.ljust(_DIGITS, "0")), bytes.fromhex(digits.ljust(_DIGITS, "f"))
