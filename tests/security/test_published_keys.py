"""Which of an issuer's published keys verify tokens, and which never do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mastery_engine.adapters.auth.jwks import MOST_KEYS
from mastery_engine.domain.errors import DependencyDown
from tests.security.by_issuer import refused, tokens
from tests.security.issuer import Issuer
from tests.security.token_smith import (
    claims,
    ec_jwk,
    ec_key,
    es256,
    rs256,
    rsa_jwk,
    rsa_key,
    signed,
)


def unusable() -> dict[str, dict[str, Any]]:
    """Keys that no token is verified by, each of which would else be found by its name."""
    small, first = rsa_key("small", 1_024), rsa_key()
    weak = rsa_key("exponent", 2_048, 3)
    p384 = ec_key("p384", ec.SECP384R1)
    bitcoin = ec_key("k1", ec.SECP256K1)
    numbers = ec_jwk(ec_key())
    return {
        "too few bits": rsa_jwk(small),
        "exponent 3": rsa_jwk(weak),
        "for encryption": rsa_jwk(first, use="enc"),
        "for other operations": rsa_jwk(first, use=None, key_ops=["encrypt"]),
        "of another algorithm": rsa_jwk(first, alg="RS512"),
        "of PSS": rsa_jwk(first, alg="PS256"),
        "RSA for HS256": rsa_jwk(first, alg="HS256"),
        "with its private half": rsa_jwk(first, d="AQAB"),
        "a name of another type": rsa_jwk(first, kid=None) | {"kid": 7},
        "a very long name": rsa_jwk(first, "x" * 201),
        "a number that is none": rsa_jwk(first) | {"n": "!!!"},
        "without its number": rsa_jwk(first) | {"n": ""},
        "P-384": ec_jwk(p384),
        "P-384 called P-256": ec_jwk(p384) | {"crv": "P-256"},
        "secp256k1": ec_jwk(bitcoin),
        "a point off the curve": numbers | {"y": numbers["x"]},
        "EC for RS256": ec_jwk(ec_key(), alg="RS256"),
        "a secret": {"kty": "oct", "kid": "rsa-1", "alg": "HS256", "k": "c2VjcmV0" * 8},
        "a curve of signatures of another kind": {"kty": "OKP", "crv": "Ed25519", "kid": "ec-1", "x": "AAAA"},
    }


@pytest.mark.parametrize("name", unusable())
async def test_a_key_that_must_not_verify_is_left_out(sso: Issuer, name: str) -> None:
    jwk = unusable()[name]
    fine = ec_jwk(ec_key("fine"), "fine") if jwk["kty"] != "EC" else rsa_jwk(rsa_key("fine"), "fine")
    sso.give(jwk, fine)
    kid = str(jwk.get("kid"))
    async with tokens(sso.url) as opened:
        forged = [rs256(claims(), key, kid) for key in (rsa_key(), rsa_key("exponent", 2_048, 3))]
        forged += [rs256(claims(), rsa_key("small", 1_024), kid), es256(claims(), ec_key(), kid)]
        forged += [
            es256(claims(), ec_key("p384", ec.SECP384R1), kid),
            es256(claims(), ec_key("k1", ec.SECP256K1), kid),
        ]
        forged += [signed(claims(), {"alg": "HS256", "kid": kid}, secret=b"secret" * 8)]
        assert {await refused(opened, token) for token in forged} <= {"key", "algorithm", "malformed"}
    sso.give(jwk)
    async with tokens(sso.url) as opened:
        with pytest.raises(DependencyDown, match="no key for RS256"):
            await opened.verifier.verify(rs256(claims(), rsa_key(), None))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b"\xff",
        b'{"keys": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        json.dumps({"keys": [{}] * (MOST_KEYS + 1)}).encode(),
        b'{"keys": [7, null, "x", []]}',
    ],
)
async def test_what_is_no_set_of_keys_gives_none(sso: Issuer, body: bytes) -> None:
    sso.body = body
    async with tokens(sso.url) as opened:
        with pytest.raises(DependencyDown, match="gives no keys"):
            await opened.verifier.verify(rs256(claims(), rsa_key()))
