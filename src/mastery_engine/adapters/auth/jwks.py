"""A JWK set (RFC 7517): its keys that sign tokens by RS256 or ES256, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError
from msgspec import Struct

from mastery_engine.adapters.auth.key_source import Verifies
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput

SHORTEST_RSA_BITS: Final = 2_048
LONGEST_RSA_BITS: Final = 8_192
"""Longer ones would only make verifying slow."""
SMALLEST_EXPONENT: Final = 65_537
MOST_KEYS: Final = 100
_CURVE: Final = "P-256"
_MOST_KID: Final = 200
_rsa: Final = RSAAlgorithm(RSAAlgorithm.SHA256)
_ec: Final = ECAlgorithm(ECAlgorithm.SHA256)


class KeysUnreadable(Exception):
    """What was fetched is no JWK set, or has no key that can be used."""


class PublicKey(NamedTuple):
    """One key.

    Attributes:
        algorithm: The one that it verifies by.
        kid: Its name, None without one.
        verifies: Tells whether a signature is its own.
    """

    algorithm: str
    kid: str | None
    verifies: Verifies


class _Jwk(Struct, kw_only=True):
    kty: str
    kid: str | None = None
    alg: str | None = None
    use: str | None = None
    key_ops: list[str] | None = None
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""
    d: object = None


def public_keys(raw: bytes) -> list[PublicKey]:
    """Keys of a set that verify tokens; those for other uses, of other kinds or too weak are left out.

    Args:
        raw: The set, as the issuer sent it.

    Raises:
        KeysUnreadable: It is none, or no key is left.
    """
    try:
        decoded = decode_strictly(raw)
    except InvalidInput as error:
        raise KeysUnreadable(f"what it sent {error.problems[0].rule[:100]}") from None
    listed: object = cast("dict[str, Any]", decoded).get("keys") if isinstance(decoded, dict) else None
    if not isinstance(listed, list):
        raise KeysUnreadable("what it sent is no set of keys")
    jwks = cast("list[object]", listed)
    if len(jwks) > MOST_KEYS:
        raise KeysUnreadable(f"it sent more than {MOST_KEYS} keys")
    found = [key for one in jwks if (key := _key(one)) is not None]
    if not found:
        raise KeysUnreadable("it sent no key for RS256 (2,048 bits and more) or ES256")
    return found


def _key(value: object) -> PublicKey | None:
    try:
        jwk = msgspec.convert(value, _Jwk)
    except msgspec.ValidationError:
        return None
    # Whoever has published its private half has lost the key.
    for_signatures = jwk.use in {None, "sig"} and (jwk.key_ops is None or "verify" in jwk.key_ops)
    if not for_signatures or jwk.d is not None or len(jwk.kid or "") > _MOST_KID:
        return None
    make = _KINDS.get((jwk.kty, jwk.alg))
    try:
        return make(jwk) if make is not None else None
    except (InvalidKeyError, ValueError, TypeError):
        return None


def _rsa_key(jwk: _Jwk) -> PublicKey | None:
    key = _rsa.from_jwk({"kty": "RSA", "n": jwk.n, "e": jwk.e})
    if not isinstance(key, RSAPublicKey) or not SHORTEST_RSA_BITS <= key.key_size <= LONGEST_RSA_BITS:
        return None
    exponent = key.public_numbers().e
    if not SMALLEST_EXPONENT <= exponent < 1 << 32:
        return None
    return PublicKey("RS256", jwk.kid, partial(_rsa_holds, key))


def _ec_key(jwk: _Jwk) -> PublicKey | None:
    if jwk.crv != _CURVE:
        return None
    key = _ec.from_jwk({"kty": "EC", "crv": _CURVE, "x": jwk.x, "y": jwk.y})
    if not isinstance(key, EllipticCurvePublicKey):
        return None
    return PublicKey("ES256", jwk.kid, partial(_ec_holds, key))


def _rsa_holds(key: RSAPublicKey, signed: bytes, signature: bytes) -> bool:
    return _rsa.verify(signed, key, signature)


def _ec_holds(key: EllipticCurvePublicKey, signed: bytes, signature: bytes) -> bool:
    return _ec.verify(signed, key, signature)


_KINDS: Final[dict[tuple[str, str | None], Callable[[_Jwk], PublicKey | None]]] = {
    ("RSA", "RS256"): _rsa_key,
    ("RSA", None): _rsa_key,
    ("EC", "ES256"): _ec_key,
    ("EC", None): _ec_key,
}
"""By kind of key and the algorithm that it names: a secret (`oct`) stands nowhere here."""
