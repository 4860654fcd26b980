"""Tokens whose signature must not hold; each function makes one of its kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from tests.security.token_smith import (
    SECRET,
    admin,
    base64url,
    claims,
    ec_key,
    es256,
    good,
    public_pem,
    rs256,
    rsa_jwk,
    rsa_key,
    segment,
    signed,
    words,
)


def alg_none(chance: Random) -> str:
    name = "".join(chance.choice([letter, letter.upper()]) for letter in "none")
    signature = chance.choice(["", "AA", signed(admin()).rpartition(".")[2]])
    header = {"alg": chance.choice([name, name + " ", " none", "", "null"]), "typ": "JWT"}
    return f"{segment(header)}.{segment(admin())}.{signature}"


def alg_of_another_type(chance: Random) -> str:
    alg = chance.choice(
        [None, 0, True, [], ["HS256"], {"alg": "HS256"}, "hs256", "HS256\0", "\uff28\uff33256", "HS-256"]
    )
    return signed(admin(), {"alg": alg, "typ": "JWT"})


def public_key_as_secret(chance: Random) -> str:
    key = chance.choice([rsa_key(), ec_key()])
    secret = chance.choice(
        [public_pem(key), public_pem(key).strip(), json.dumps(rsa_jwk(rsa_key())).encode()]
    )
    header = {"alg": chance.choice(["HS256", "HS384", "HS512"]), "kid": chance.choice(["rsa-1", "ec-1"])}
    return signed(
        admin(), header, {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[header["alg"]], secret
    )


def another_algorithm_by_the_right_secret(chance: Random) -> str:
    alg, digest = chance.choice(
        [("HS384", "sha384"), ("HS512", "sha512"), ("RS256", "sha256"), ("ES256", "sha256")]
    )
    return signed(admin(), {"alg": alg, "kid": chance.choice(["rsa-1", "ec-1"])}, digest)


def algorithms_of_keys_mixed(chance: Random) -> str:
    if chance.random() < 0.5:
        return rs256(
            admin(),
            rsa_key(),
            chance.choice(["rsa-1", "ec-1"]),
            alg=chance.choice(["ES256", "HS256", "PS256", "RS512"]),
        )
    return es256(admin(), ec_key(), "rsa-1")


def guessed_secret(chance: Random) -> str:
    secret = chance.choice(
        [b"", b"secret", SECRET[::-1], SECRET[:-1], SECRET + b"x", SECRET.upper(), words(chance).encode()]
    )
    return signed(admin(), secret=secret)


def forged_key(chance: Random) -> str:
    if chance.random() < 0.5:
        return rs256(admin(), rsa_key("forger"), chance.choice(["rsa-1", "ec-1", None, words(chance)]))
    return es256(admin(), ec_key("forger"), chance.choice(["rsa-1", "ec-1", None, words(chance)]))


def truncated(chance: Random) -> str:
    token = good(chance)
    return token[: chance.randrange(len(token))]


def flipped_bit(chance: Random) -> str:
    token = good(chance)
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return f"{head}.{base64url(bytes(raw))}"


def changed_character(chance: Random) -> str:
    token = good(chance)
    at = chance.randrange(len(token))
    others = [one for one in "ABCabc012-_.=+/ %\t" if one != token[at]]
    return token[:at] + chance.choice(others) + token[at + 1 :]


def swapped_parts(chance: Random) -> str:
    first, second = good(chance).split("."), signed(claims(sub="bo")).split(".")
    if chance.random() < 0.3:
        return ".".join(chance.sample(first, 3)[::-1] if first[0] != first[1] else first) + "."
    return (
        ".".join([first[0], second[1], first[2]])
        if chance.random() < 0.5
        else ".".join([first[1], first[0], first[2]])
    )


def psychic_signature(chance: Random) -> str:
    head = es256(admin(), ec_key()).rpartition(".")[0]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = (chance.choice([0, order, order - 1, 1, (1 << 256) - 1]) for _ in range(2))
    return f"{head}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def der_signature(chance: Random) -> str:
    return es256(admin(sub=words(chance)), ec_key(), der=True)


def signature_of_another_size(chance: Random) -> str:
    head, _, signature = good(chance).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    other = chance.choice(
        [b"", raw[:-1], raw + b"\0", b"\0" + raw, raw * 2, bytes(len(raw)), chance.randbytes(64)]
    )
    return f"{head}.{base64url(other)}"


def another_curve(chance: Random) -> str:
    curve = chance.choice([ec.SECP384R1, ec.SECP256K1])
    return es256(admin(), ec_key("other", curve), chance.choice(["ec-1", None]))


SIGNATURES: Final[tuple[Callable[[Random], str], ...]] = (
    alg_none,
    alg_of_another_type,
    public_key_as_secret,
    another_algorithm_by_the_right_secret,
    algorithms_of_keys_mixed,
    guessed_secret,
    forged_key,
    truncated,
    flipped_bit,
    changed_character,
    swapped_parts,
    psychic_signature,
    der_signature,
    signature_of_another_size,
    another_curve,
)
