"""`mastery token`: for development only, and revoked everywhere."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mastery_engine.adapters.auth import Claims
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.tokens import open_tokens
from mastery_engine.config import load_settings
from mastery_engine.domain.errors import NotAuthenticated
from tests.cli.conftest import Mastery

SECRET = "words of the tests' own, more than 32 bytes"


@pytest.fixture(autouse=True)
def secret(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mastery
    monkeypatch.setenv("MASTERY_JWT_SECRET", SECRET)


def verified(token: str) -> Claims:
    """What a service with these settings and this home makes of a token."""

    async def asked() -> Claims:
        settings = load_settings()
        async with open_tokens(settings, SystemClock()) as tokens, open_engine(settings) as engine:
            claims = await tokens.verifier.verify(token)
            await engine.revocations.check(claims.tenant_id, claims.sub, claims.jti, claims.iat)
            return claims

    return asyncio.run(asked())


def test_a_token_holds_and_says_what_it_was_asked_to(mastery: Mastery) -> None:
    done = mastery("token", "create", "ms-yun", "--role", "teacher", "--lifetime", "60", "--json")
    made: dict[str, Any] = json.loads(done.out)
    claims = verified(made["token"])
    assert (claims.sub, claims.role, claims.tenant_id, claims.jti) == (
        "ms-yun",
        "teacher",
        "default",
        made["token_id"],
    )
    assert claims.exp == made["expires_at"] == claims.iat + 60


def test_it_prints_the_token_alone(mastery: Mastery) -> None:
    done = mastery("token", "create", "amal", "--tenant", "north")
    assert verified(done.out.strip()).tenant_id == "north"


def test_production_makes_none(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERY_ENV", "production")
    done = mastery("token", "create", "head", "--role", "admin")
    assert (done.code, done.out) == (1, "")
    assert "in development only" in done.err


def test_without_a_secret_it_tells_what_to_do(mastery: Mastery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTERY_JWT_SECRET")
    done = mastery("token", "create", "head", "--role", "admin")
    assert done.code == 1
    assert "MASTERY_JWT_SECRET is not set" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["a b"],
        ["x" * 51],
        ["os:root", "--role", "admin"],
        ["amal", "--role", "operator"],
        ["amal", "--lifetime", "86401"],
        ["amal", "--tenant", "North"],
    ],
)
def test_a_token_that_no_service_would_take_is_not_made(mastery: Mastery, arguments: list[str]) -> None:
    done = mastery("token", "create", *arguments)
    assert (done.code, done.out) == (2, "")


def test_a_revoked_token_holds_no_longer_and_it_is_on_record(mastery: Mastery) -> None:
    made = [json.loads(mastery("token", "create", "amal", "--json").out) for _ in range(2)]
    assert verified(made[0]["token"])
    done = mastery("token", "revoke", "--id", made[0]["token_id"], "--json")
    assert json.loads(done.out)["token_id"] == made[0]["token_id"]
    with pytest.raises(NotAuthenticated, match="revoked"):
        verified(made[0]["token"])
    assert verified(made[1]["token"])
    records = json.loads(mastery("audit", "list", "--json").out)
    assert "tokens.revoke" in json.dumps(records)
    assert made[0]["token_id"] not in json.dumps(records)


def test_all_tokens_of_somebody_are_revoked_up_to_a_moment(mastery: Mastery) -> None:
    token = mastery("token", "create", "amal").out.strip()
    assert mastery("token", "revoke", "--subject", "amal", "--not-before", "2020-01-01T00:00:00Z").code == 0
    assert verified(token)
    assert mastery("token", "revoke", "--subject", "amal").code == 0
    with pytest.raises(NotAuthenticated, match="revoked"):
        verified(token)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--id", "x", "--subject", "amal"],
        ["--id", "x", "--not-before", "2020-01-01T00:00:00Z"],
        ["--subject", "amal", "--not-before", "2020-01-01T00:00:00"],
        ["--subject", "a b"],
        ["--id", ""],
    ],
)
def test_what_names_no_token_is_a_usage_error(mastery: Mastery, arguments: list[str]) -> None:
    assert mastery("token", "revoke", *arguments).code == 2


def test_a_school_that_is_not_there_has_no_tokens(mastery: Mastery) -> None:
    assert mastery("token", "revoke", "--subject", "amal", "--tenant", "nowhere").code == 4
