"""Makes tokens, right and wrong ones, byte by byte: no library that would refuse to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from mastery_engine.adapters.auth import Policy
from tests.api.school import NOW_MS

SECRET = b"words of the tests' own, more than 32 bytes"
ISSUER = "mastery-engine"
AUDIENCE = "mastery-api"
NOW = NOW_MS // 1_000
LEEWAY = 30
POLICY = Policy(issuer=ISSUER, audience=AUDIENCE, leeway_seconds=LEEWAY, longest_seconds=86_400)


def claims(**other: object) -> dict[str, object]:
    given = {
        "sub": "amal",
        "role": "student",
        "tenant_id": "default",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 600,
    }
    return {name: value for name, value in (given | other).items() if value is not None}


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def segment(value: object) -> str:
    return base64url((value if isinstance(value, str) else json.dumps(value)).encode())


def signed(
    payload: object, header: object | None = None, digest: str = "sha256", secret: bytes = SECRET
) -> str:
    """A token of any header and payload, with a signature by the secret that holds."""
    given = {"alg": "HS256", "typ": "JWT"} if header is None else header
    signing = f"{segment(given)}.{segment(payload)}"
    return f"{signing}.{base64url(hmac.new(secret, signing.encode(), getattr(hashlib, digest)).digest())}"


@cache
def rsa_key(name: str = "first", bits: int = 2_048, exponent: int = 65_537) -> rsa.RSAPrivateKey:
    """A key of that name; another name is another key."""
    assert name
    return rsa.generate_private_key(exponent, bits)


@cache
def ec_key(name: str = "first", curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    assert name
    return ec.generate_private_key(curve())


def rs256(payload: object, key: rsa.RSAPrivateKey, kid: str | None = "rsa-1", **header: object) -> str:
    signing = _signing(payload, {"alg": "RS256", "typ": "JWT"}, kid, header)
    return f"{signing}.{base64url(key.sign(signing.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def es256(
    payload: object, key: ec.EllipticCurvePrivateKey, kid: str | None = "ec-1", *, der: bool = False
) -> str:
    signing = _signing(payload, {"alg": "ES256", "typ": "JWT"}, kid, {})
    signature = key.sign(signing.encode(), ec.ECDSA(hashes.SHA256()))
    if not der:
        size = (key.key_size + 7) // 8
        signature = b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))
    return f"{signing}.{base64url(signature)}"


def admin(**other: object) -> dict[str, object]:
    return claims(**({"sub": "head", "role": "admin"} | other))


def any_key(chance: Random, payload: object) -> str:
    """Any payload, with a signature that holds by one key or another."""
    return [signed(payload), rs256(payload, rsa_key()), es256(payload, ec_key())][chance.randrange(3)]


def good(chance: Random) -> str:
    """A token of an admin that holds."""
    return any_key(chance, admin())


def words(chance: Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789-_", k=chance.randint(1, 40)))


def _signing(payload: object, header: dict[str, object], kid: str | None, more: dict[str, object]) -> str:
    return f"{segment(header | ({} if kid is None else {'kid': kid}) | more)}.{segment(payload)}"


def rsa_jwk(key: rsa.RSAPrivateKey, kid: str | None = "rsa-1", **more: object) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    found = {"kty": "RSA", "kid": kid, "use": "sig", "n": _number(numbers.n), "e": _number(numbers.e)}
    return {name: value for name, value in (found | more).items() if value is not None}


def ec_jwk(key: ec.EllipticCurvePrivateKey, kid: str | None = "ec-1", **more: object) -> dict[str, Any]:
    numbers, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
    found = {
        "kty": "EC",
        "kid": kid,
        "use": "sig",
        "crv": {"secp256r1": "P-256", "secp384r1": "P-384", "secp256k1": "secp256k1"}[key.curve.name],
        "x": base64url(numbers.x.to_bytes(size, "big")),
        "y": base64url(numbers.y.to_bytes(size, "big")),
    }
    return {name: value for name, value in (found | more).items() if value is not None}


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
