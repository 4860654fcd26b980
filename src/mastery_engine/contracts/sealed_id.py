"""A student's id as a request must keep it until it is done: only who has the key of the hashes can read it.

The id, padded so that its length does not show, is joined by exclusive or with a stream that follows from the key and from the
request's own id; each request has another stream. That it was opened rightly shows in the student's keyed hash.
"""

from __future__ import annotations

import hashlib
from typing import Final

from mastery_engine.contracts.keys import Pseudonyms

_WIDTH: Final = 64
_PURPOSE: Final = "ids in open requests"


def seal(pseudonyms: Pseudonyms, request_id: str, student_id: str) -> str:
    """The id sealed, as hexadecimal digits.

    Args:
        pseudonyms: Have the key.
        request_id: Of the one request that keeps it.
        student_id: At most 63 characters of ASCII, as every id of a student.
    """
    return _joined(pseudonyms, request_id, student_id.encode("ascii").ljust(_WIDTH, b"\0")).hex()


def unseal(pseudonyms: Pseudonyms, request_id: str, tenant_id: str, subject: str, sealed: str) -> str | None:
    """The id in a seal; None if it was not made with this key for this request and student."""
    try:
        opened = _joined(pseudonyms, request_id, bytes.fromhex(sealed)).rstrip(b"\0").decode("ascii")
    except ValueError:
        return None
    return opened if pseudonyms.of(tenant_id, opened) == subject else None


def _joined(pseudonyms: Pseudonyms, request_id: str, text: bytes) -> bytes:
    key = pseudonyms.key_for(_PURPOSE)
    stream = hashlib.blake2b(request_id.encode(), key=key, digest_size=_WIDTH).digest()
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
