"""Ten thousand forged tokens of every known kind at the real application: none gets in, and none breaks it.

The kinds are listed in `forged_signatures.py` and `forged_contents.py`, a function each.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from random import Random
from typing import Final

import httpx2
import jwt
import pytest

from mastery_engine.api.app import create_app
from mastery_engine.bootstrap import open_engine
from tests.api.school import StillClock, client_of, served, trial_settings
from tests.security.forged_contents import CONTENTS
from tests.security.forged_signatures import SIGNATURES
from tests.security.issuer import issuer
from tests.security.token_smith import SECRET, admin, ec_jwk, ec_key, good, rsa_jwk, rsa_key

TOKENS: Final = 10_000
KINDS: Final = (*SIGNATURES, *CONTENTS)


@pytest.fixture
async def door() -> AsyncGenerator[tuple[httpx2.AsyncClient, list[str]]]:
    """The application with a secret and an issuer, and what the issuer is asked."""
    with issuer() as sso:
        sso.give(rsa_jwk(rsa_key()), ec_jwk(ec_key()))
        settings = trial_settings(jwt_jwks_url=sso.url, most_failed_tokens=100_000)
        async with open_engine(settings, StillClock()) as engine:
            app = create_app(settings, engine)
            async with served(app) as asgi, client_of(asgi) as http:
                yield http, sso.asked


async def _knock(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    headers = {b"Authorization": f"Bearer {token}".encode()}
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
    answers = [await _knock(door[0], good(chance)) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert (await _knock(door[0], jwt.encode(admin(), SECRET, "HS256"))).status_code == 200
