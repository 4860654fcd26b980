"""A token's three parts, read in one way only (RFC 7515, compact serialization)."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final, NamedTuple, cast

import msgspec
from msgspec import Meta, Struct

from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, NotAuthenticated

MOST_TOKEN_BYTES: Final = 8 * 1024
INVALID: Final = "the token is not valid"
"""All that is told of a token whose signature does not hold: neither what is wrong with it, nor which keys there are."""
_PARTS: Final = 3
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_REFUSED: Final = frozenset({"crit", "b64", "enc", "zip", "jwk", "jku", "x5c", "x5u"})
"""Extensions that must be understood, and keys that a token brings along or names the place of."""


class Header(Struct, frozen=True, kw_only=True):
    """What a token says of its signature; it is believed nothing.

    Attributes:
        alg: Its algorithm. Every key has one of its own, and a token that names another is refused.
        kid: Which of its signer's keys.
        typ: What kind of token.
    """

    alg: Annotated[str, Meta(min_length=1, max_length=20)]
    kid: Annotated[str, Meta(max_length=200)] | None = None
    typ: Annotated[str, Meta(max_length=50)] | None = None


class Compact(NamedTuple):
    """A token, taken apart.

    Attributes:
        header: Read.
        signed: What the signature is of.
        payload: JSON, not read yet.
        signature: Not verified yet.
    """

    header: Header
    signed: bytes
    payload: bytes
    signature: bytes


def invalid(reason: str) -> NotAuthenticated:
    """The refusal of a token whose signature does not hold.

    Args:
        reason: For counters and the log; not told to the caller.
    """
    return NotAuthenticated(INVALID, reason)


def take_apart(token: str) -> Compact:
    """The parts of a token.

    Raises:
        NotAuthenticated: It is none, too long, written in another way than the one that there is for its bytes, of a kind
            that is not for an API, or brings a key along.
    """
    if len(token) > MOST_TOKEN_BYTES:
        raise invalid("too_long")
    parts = token.split(".")
    if len(parts) != _PARTS or not token.isascii():
        raise invalid("malformed")
    header, payload, signature = (_bytes(part) for part in parts)
    return Compact(_header(header), token.rpartition(".")[0].encode(), payload, signature)


def _header(raw: bytes) -> Header:
    try:
        decoded = decode_strictly(raw)
        header = msgspec.convert(decoded, Header)
    except (InvalidInput, msgspec.ValidationError):
        raise invalid("malformed") from None
    if not _REFUSED.isdisjoint(cast("dict[str, Any]", decoded)):
        raise invalid("header")
    if header.typ is not None and header.typ.lower() not in _TYPES:
        raise invalid("header")
    return header


def _bytes(part: str) -> bytes:
    """Base64url without padding, and in the one way: unused bits are 0, so that no token has a twin."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise invalid("malformed") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise invalid("malformed")
    return raw
