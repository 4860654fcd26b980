"""Ten thousand forged tokens of every known kind at the real application: none gets in, and none breaks it.

Each kind is a function below that makes one from a source of chance; `KINDS` is the list of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Callable
from random import Random
from typing import Final

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mastery_engine.api.app import create_app
from mastery_engine.bootstrap import open_engine
from tests.api.school import StillClock, client_of, served, trial_settings
from tests.security.issuer import issuer
from tests.security.token_smith import (
    NOW,
    SECRET,
    base64url,
    claims,
    ec_jwk,
    ec_key,
    es256,
    public_pem,
    rs256,
    rsa_jwk,
    rsa_key,
    segment,
    signed,
)

TOKENS: Final = 10_000
ADMIN: Final = {"sub": "head", "role": "admin"}
Kind = Callable[[Random], str]


def _words(chance: Random, least: int = 1, most: int = 40) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789-_", k=chance.randint(least, most)))


def _kid(chance: Random, **header: object) -> dict[str, object]:
    return {
        "alg": chance.choice(["HS256", "RS256", "ES256"]),
        "kid": chance.choice(["rsa-1", "ec-1"]),
        **header,
    }


def _good(chance: Random) -> str:
    kind = chance.randrange(3)
    return [signed(_admin()), rs256(_admin(), rsa_key()), es256(_admin(), ec_key())][kind]


def _admin(**other: object) -> dict[str, object]:
    return claims(**(ADMIN | other))


def _signed(chance: Random, payload: object) -> str:
    """Any payload with a signature that holds."""
    return [signed(payload), rs256(payload, rsa_key()), es256(payload, ec_key())][chance.randrange(3)]


def alg_none(chance: Random) -> str:
    name = "".join(chance.choice([letter, letter.upper()]) for letter in "none")
    signature = chance.choice(["", "AA", signed(_admin()).rpartition(".")[2]])
    return f"{segment({'alg': chance.choice([name, name + ' ', ' none', '', 'null']), 'typ': 'JWT'})}.{segment(_admin())}.{signature}"


def alg_of_another_type(chance: Random) -> str:
    alg = chance.choice(
        [None, 0, True, [], ["HS256"], {"alg": "HS256"}, "hs256", "HS256\0", "ＨＳ256", "HS-256"]
    )
    return signed(_admin(), {"alg": alg, "typ": "JWT"})


def public_key_as_secret(chance: Random) -> str:
    key = chance.choice([rsa_key(), ec_key()])
    secret = chance.choice(
        [public_pem(key), public_pem(key).strip(), json.dumps(rsa_jwk(rsa_key())).encode()]
    )
    header = {"alg": chance.choice(["HS256", "HS384", "HS512"]), "kid": chance.choice(["rsa-1", "ec-1"])}
    return signed(
        _admin(), header, {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[header["alg"]], secret
    )


def another_algorithm_by_the_right_secret(chance: Random) -> str:
    alg, digest = chance.choice(
        [("HS384", "sha384"), ("HS512", "sha512"), ("RS256", "sha256"), ("ES256", "sha256")]
    )
    return signed(_admin(), _kid(chance, alg=alg), digest)


def algorithms_of_keys_mixed(chance: Random) -> str:
    if chance.random() < 0.5:
        return rs256(
            _admin(),
            rsa_key(),
            chance.choice(["rsa-1", "ec-1"]),
            alg=chance.choice(["ES256", "HS256", "PS256", "RS512"]),
        )
    return es256(_admin(), ec_key(), "rsa-1")


def guessed_secret(chance: Random) -> str:
    secret = chance.choice(
        [b"", b"secret", SECRET[::-1], SECRET[:-1], SECRET + b"\0", SECRET.upper(), _words(chance).encode()]
    )
    return signed(_admin(), secret=secret)


def forged_key(chance: Random) -> str:
    if chance.random() < 0.5:
        return rs256(_admin(), rsa_key("forger"), chance.choice(["rsa-1", "ec-1", None, _words(chance)]))
    return es256(_admin(), ec_key("forger"), chance.choice(["rsa-1", "ec-1", None, _words(chance)]))


def truncated(chance: Random) -> str:
    token = _good(chance)
    return token[: chance.randrange(len(token))]


def flipped_bit(chance: Random) -> str:
    token = _good(chance)
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return f"{head}.{base64url(bytes(raw))}"


def changed_character(chance: Random) -> str:
    token = _good(chance)
    at = chance.randrange(len(token))
    others = [one for one in "ABCabc012-_.=+/ %\t" if one != token[at]]
    return token[:at] + chance.choice(others) + token[at + 1 :]


def swapped_parts(chance: Random) -> str:
    first, second = _good(chance).split("."), signed(claims(sub="bo")).split(".")
    if chance.random() < 0.3:
        return ".".join(chance.sample(first, 3)[::-1] if first[0] != first[1] else first) + "."
    return (
        ".".join([first[0], second[1], first[2]])
        if chance.random() < 0.5
        else ".".join([first[1], first[0], first[2]])
    )


def wrong_issuer_or_audience(chance: Random) -> str:
    name = chance.choice(["iss", "aud"])
    value = chance.choice(
        [None, "", "mastery", "mastery-engine ", "MASTERY-API", 7, [], ["x"], {}, [["mastery-api"]], True]
    )
    return _signed(chance, {**_admin(), name: value})


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
    return _signed(chance, {**_admin(), **times})


def missing_claim(chance: Random) -> str:
    payload = _admin()
    del payload[chance.choice(list(payload))]
    return _signed(chance, payload)


def duplicate_key(chance: Random) -> str:
    text = json.dumps(_admin())
    if chance.random() < 0.3:
        return signed(_admin(), '{"alg": "none", "alg": "HS256"}')
    name = chance.choice(["role", "sub", "tenant_id", "exp", "iss", r"r\u006fle"])
    return _signed(chance, f'{text[:-1]}, "{name}": "admin"}}')


def huge(chance: Random) -> str:
    filler = "x" * chance.randint(8_192, 20_000)
    return chance.choice(
        [filler, "." * 9_000, _signed(chance, _admin(filler=filler)), f"{filler}.{filler}.{filler}"]
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
    return signed(_admin(), text) if chance.random() < 0.3 else _signed(chance, text)


def unicode_trick(chance: Random) -> str:
    role = chance.choice(
        [
            "аdmin",
            "ADMIN",
            "admin\u200b",
            "ａｄｍｉｎ",
            "admin\0",
            " admin",
            "admın",
            "operator",
            "root",
            ["admin"],
            {"admin": 1},
            1,
        ]
    )
    other = chance.choice(
        [
            {"role": role},
            {
                "tenant_id": chance.choice(
                    ["Default", "default\0", "default ", "../north", "dеfault", "", "x" * 51, ["default"], 0]
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
    return _signed(chance, _admin(**other))


def critical_extension(chance: Random) -> str:
    extension = chance.choice([["b64"], ["exp"], [], "b64", None, 7, ["x"]])
    return signed(_admin(), {"alg": "HS256", "crit": extension, "b64": chance.choice([True, False])})


def injected_kid(chance: Random) -> str:
    kid = chance.choice(
        [
            "../../../../dev/null",
            "/proc/self/environ",
            "x' UNION SELECT 'secret' --",
            "$(id)",
            "|id",
            "http://127.0.0.1:1/keys",
        ]
        + ["\0", "x" * 500, "", "рsa-1", "rsa-1\0", "file:///etc/passwd", "constructor", "__class__"]
    )
    secret = chance.choice([b"", b"\0", b"secret", kid.encode()])
    if chance.random() < 0.5:
        return rs256(_admin(), rsa_key("forger"), kid)
    return signed(_admin(), {"alg": "HS256", "kid": kid}, secret=secret)


def kid_of_another_type(chance: Random) -> str:
    return signed(_admin(), {"alg": "HS256", "kid": chance.choice([0, True, [], ["rsa-1"], {"a": 1}, 1.5])})


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
    return rs256(_admin(), chance.choice([forger, rsa_key()]), "rsa-1", **more)


def psychic_signature(chance: Random) -> str:
    head = es256(_admin(), ec_key()).rpartition(".")[0]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = (chance.choice([0, order, order - 1, 1, (1 << 256) - 1]) for _ in range(2))
    return f"{head}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def der_signature(chance: Random) -> str:
    return es256(_admin(sub=_words(chance)), ec_key(), der=True)


def signature_of_another_size(chance: Random) -> str:
    head, _, signature = _good(chance).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    other = chance.choice(
        [b"", raw[:-1], raw + b"\0", b"\0" + raw, raw * 2, bytes(len(raw)), chance.randbytes(64)]
    )
    return f"{head}.{base64url(other)}"


def another_curve(chance: Random) -> str:
    curve = chance.choice([ec.SECP384R1, ec.SECP256K1])
    return es256(_admin(), ec_key("other", curve), chance.choice(["ec-1", None]))


def unsigned_or_encrypted_form(chance: Random) -> str:
    header, payload, signature = _good(chance).split(".")
    return chance.choice(
        [
            f"{header}.{payload}",
            f"{header}..{signature}",
            f".{payload}.{signature}",
            f"{header}.{payload}.{signature}.{signature}",
        ]
        + [
            f"{header}.{payload}.{signature}.x.y",
            json.dumps({"payload": payload, "signature": signature}),
            f"{header}.{payload}.",
        ]
    )


def other_base64(chance: Random) -> str:
    header, payload, signature = _good(chance).split(".")
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
    return signed(_admin(), {"alg": "HS256", "typ": kind})


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


KINDS: Final[tuple[Kind, ...]] = (
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
    psychic_signature,
    der_signature,
    signature_of_another_size,
    another_curve,
    unsigned_or_encrypted_form,
    other_base64,
    other_kind_of_token,
    noise,
)


@pytest.fixture
async def door() -> AsyncGenerator[tuple[httpx2.AsyncClient, list[str]]]:
    """The application with a secret and an issuer, and what the issuer is asked."""
    with issuer() as sso:
        sso.give(rsa_jwk(rsa_key()), ec_jwk(ec_key()))
        settings = trial_settings(jwt_jwks_url=sso.url)
        async with open_engine(settings, StillClock()) as engine:
            app = create_app(settings, engine)
            async with served(app) as asgi, client_of(asgi) as http:
                yield http, sso.asked


async def _knock(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}".encode()}
    body = {"components": {"quiz": 0.9}}
    return await http.post("/api/v1/mastery/calculate", json=body, headers=headers)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_of_ten_thousand_forged_tokens_none_gets_in(door: tuple[httpx2.AsyncClient, list[str]]) -> None:
    http, asked = door
    chance = Random(20_260_302)
    passed: list[str] = []
    for number in range(TOKENS):
        kind = KINDS[number % len(KINDS)]
        token = kind(chance)
        answer = await _knock(http, token)
        told = answer.headers.get("www-authenticate", "")
        if answer.status_code != 401 or not told.startswith("Bearer ") or SECRET.decode() in answer.text:
            passed.append(f"{kind.__name__}: {answer.status_code} {token[:300]}")
    assert passed == []
    assert len(asked) == 1, "made-up names of keys hammer nobody"


async def test_the_tokens_that_they_were_made_from_do_get_in(
    door: tuple[httpx2.AsyncClient, list[str]],
) -> None:
    chance = Random(1)
    answers = [await _knock(door[0], _good(chance)) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert (await _knock(door[0], jwt.encode(_admin(), SECRET, "HS256"))).status_code == 200
