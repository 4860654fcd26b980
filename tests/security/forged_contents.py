"""Tokens whose header, claims or form must not be taken, most of them with a signature that holds; each
function makes one of its kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Final

from tests.security.token_smith import (
    NOW,
    admin,
    any_key,
    base64url,
    good,
    public_pem,
    rs256,
    rsa_jwk,
    rsa_key,
    signed,
)


def wrong_issuer_or_audience(chance: Random) -> str:
    name = chance.choice(["iss", "aud"])
    value: object = chance.choice(
        [None, "", "mastery", "mastery-engine ", "MASTERY-API", 7, [], ["x"], {}, [["mastery-api"]], True]
    )
    return any_key(chance, {**admin(), name: value})


def wrong_time(chance: Random) -> str:
    hour = 3_600
    times: dict[str, object] = chance.choice(
        [
            {"iat": NOW - 2 * hour, "exp": NOW - chance.randint(30, hour)},
            {"iat": NOW + chance.randint(31, hour), "exp": NOW + 2 * hour},
            {"nbf": NOW + chance.randint(31, hour)},
            {"exp": NOW + chance.randint(86_401, 10**9)},
            {"exp": chance.choice(["never", "", None, [], {}, True, -1, 1e300, str(NOW + 60)])},
            {"iat": chance.choice(["now", "", None, [], {}, False, -1, 1e300, str(NOW)])},
            {"nbf": chance.choice(["now", [], {}, True, -1, 1e300])},
        ]
    )
    return any_key(chance, {**admin(), **times})


def missing_claim(chance: Random) -> str:
    payload = admin()
    del payload[chance.choice(list(payload))]
    return any_key(chance, payload)


def duplicate_key(chance: Random) -> str:
    text = json.dumps(admin())
    if chance.random() < 0.3:
        return signed(admin(), '{"alg": "none", "alg": "HS256"}')
    name = chance.choice(["role", "sub", "tenant_id", "exp", "iss", r"r\u006fle"])
    return any_key(chance, f'{text[:-1]}, "{name}": "admin"}}')


def huge(chance: Random) -> str:
    filler = "x" * chance.randint(8_192, 20_000)
    return chance.choice(
        [filler, "." * 9_000, any_key(chance, admin(filler=filler)), f"{filler}.{filler}.{filler}"]
    )


def deep_or_broken_json(chance: Random) -> str:
    deep = "[" * 2_000 + "]" * 2_000
    text = chance.choice(
        [
            f'{{"x": {deep}}}',
            "[]",
            "null",
            "7",
            '"x"',
            "{",
            "",
            '{"exp": NaN}',
            "\ufeff{}",
            '{"exp": ' + "9" * 5_000 + "}",
            '{"sub": "\\ud800"}',
        ]
    )
    return signed(admin(), text) if chance.random() < 0.3 else any_key(chance, text)


def unicode_trick(chance: Random) -> str:
    role = chance.choice(
        [
            "\u0430dmin",
            "ADMIN",
            "admin\u200b",
            "\uff41\uff44\uff4d\uff49\uff4e",
            "admin\0",
            " admin",
            "adm\u0131n",
            "operator",
            "root",
            ["admin"],
            {"admin": 1},
            1,
        ]
    )
    other: dict[str, object] = chance.choice(
        [
            {"role": role},
            {
                "tenant_id": chance.choice(
                    [
                        "Default",
                        "default\0",
                        "default ",
                        "../north",
                        "d\u0435fault",
                        "",
                        "x" * 51,
                        ["default"],
                        0,
                    ]
                )
            },
            {
                "sub": chance.choice(
                    [
                        "head\0",
                        "he ad",
                        "hëad",
                        "\u202ehead",
                        "os:root",
                        "dapr:app",
                        "",
                        "x" * 201,
                        7,
                        ["head"],
                        True,
                    ]
                )
            },
            {"sub": chance.choice(["a:b", "x" * 51, "amal.", "amal/../bo"]), "role": "student"},
            {"jti": chance.choice(["", "\0", "x" * 201, 7, ["t"], {}])},
        ]
    )
    return any_key(chance, admin(**other))


def critical_extension(chance: Random) -> str:
    extension = chance.choice([["b64"], ["exp"], [], "b64", None, 7, ["x"]])
    return signed(admin(), {"alg": "HS256", "crit": extension, "b64": chance.choice([True, False])})


def injected_kid(chance: Random) -> str:
    kid = chance.choice(
        [
            "../../../../dev/null",
            "/proc/self/environ",
            "x' UNION SELECT 'secret' --",
            "$(id)",
            "|id",
            "http://127.0.0.1:1/keys",
            "\x00",
            "x" * 500,
            "",
            "\u0440sa-1",
            "rsa-1\x00",
            "file:///etc/passwd",
            "constructor",
            "__class__",
        ]
    )
    secret = chance.choice([b"", b"\0", b"secret", kid.encode()])
    if chance.random() < 0.5:
        return rs256(admin(), rsa_key("forger"), kid)
    return signed(admin(), {"alg": "HS256", "kid": kid}, secret=secret)


def kid_of_another_type(chance: Random) -> str:
    return signed(admin(), {"alg": "HS256", "kid": chance.choice([0, True, [], ["rsa-1"], {"a": 1}, 1.5])})


def key_that_comes_along(chance: Random) -> str:
    forger = rsa_key("forger")
    more: dict[str, object] = chance.choice(
        [
            {"jwk": rsa_jwk(forger)},
            {"jku": "http://127.0.0.1:1/keys"},
            {"x5u": "http://127.0.0.1:1/chain"},
            {"x5c": [base64url(public_pem(forger))]},
        ]
    )
    # Even by the right key: whoever reads such a header at all reads too much.
    return rs256(admin(), chance.choice([forger, rsa_key()]), "rsa-1", **more)


def unsigned_or_encrypted_form(chance: Random) -> str:
    header, payload, signature = good(chance).split(".")
    return chance.choice(
        [
            f"{header}.{payload}",
            f"{header}..{signature}",
            f".{payload}.{signature}",
            f"{header}.{payload}.{signature}.{signature}",
            f"{header}.{payload}.{signature}.x.y",
            json.dumps({"payload": payload, "signature": signature}),
            f"{header}.{payload}.",
        ]
    )


def other_base64(chance: Random) -> str:
    header, payload, signature = good(chance).split(".")
    return chance.choice(
        [
            f"{header}=.{payload}.{signature}",
            f"{header}.{payload}.{signature}==",
            f"{header}.{payload}.+/{signature}",
            f"{header}.{payload}%3d.{signature}",
        ]
    )


def other_kind_of_token(chance: Random) -> str:
    kind = chance.choice(["logout+jwt", "dpop+jwt", "id+jwt", "JWE", "", 7, ["JWT"]])
    return signed(admin(), {"alg": "HS256", "typ": kind})


def noise(chance: Random) -> str:
    return chance.choice(
        [
            chance.randbytes(40).hex(),
            "null",
            "undefined",
            "{}",
            "Bearer",
            "....",
            "%00",
            base64url(chance.randbytes(60)),
            "é" * 20,
        ]
    )


CONTENTS: Final[tuple[Callable[[Random], str], ...]] = (
    wrong_issuer_or_audience,
    wrong_time,
    missing_claim,
    duplicate_key,
    huge,
    deep_or_broken_json,
    unicode_trick,
    critical_extension,
    injected_kid,
    kid_of_another_type,
    key_that_comes_along,
    unsigned_or_encrypted_form,
    other_base64,
    other_kind_of_token,
    noise,
)
