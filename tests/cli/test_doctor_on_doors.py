"""What `mastery doctor` tells of secrets, the issuer of tokens, limits, revocations and erasures that wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from redis import Redis

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts.privacy_request import PrivacyRequest
from tests.cli.conftest import Mastery
from tests.integration.certificates import certificates
from tests.security.issuer import issuer
from tests.security.token_smith import ec_jwk, ec_key, rsa_jwk, rsa_key

HOUR_MS = 3_600_000


def told(mastery: Mastery, name: str) -> tuple[int, str, str]:
    """The exit code, and what came of the check of that name."""
    done = mastery("doctor", "--json")
    (one,) = [check for check in done.data["checks"] if check["name"] == name]
    return done.code, one["outcome"], one["message"]


def wait_for_erasure(hours: float, kind: Any = "erasure") -> None:
    """Put a request into the stores of record as it lies there since some hours."""

    async def add() -> None:
        async with open_engine(load_settings()) as engine:
            asked_ms = int(time() * 1_000 - hours * HOUR_MS)
            request = PrivacyRequest(
                request_id=str(uuid4()),
                tenant_id="default",
                kind=kind,
                subject="0" * 32,
                asked_ms=asked_ms,
                asked_by="1" * 32,
            )
            assert await engine.adapters.privacy_requests.add(request)

    asyncio.run(add())


def test_secrets_are_told_with_the_length_that_they_must_have(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "makes one of its own" in told(mastery, "secrets")[2]
    monkeypatch.setenv("MASTERY_JWT_SECRET", "n" * 40)
    assert told(mastery, "secrets") == (0, "ok", "1 secret of tokens, none shorter than 32 bytes")
    monkeypatch.setenv("MASTERY_JWT_SECRETS_OLD", "o" * 40)
    assert told(mastery, "secrets")[2].startswith("2 secrets of tokens")
    monkeypatch.setenv("MASTERY_JWT_SECRETS_OLD", "o" * 31)
    code, outcome, message = told(mastery, "secrets")
    assert (code, outcome) == (1, "failed")
    assert "MASTERY_JWT_SECRETS_OLD has fewer than 32 bytes" in message


def test_a_certificate_is_tried_with_its_key_before_a_service_has_to(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificates(tmp_path / "tls")
    monkeypatch.setenv("MASTERY_TLS_CERT_FILE", str(made.certificate))
    monkeypatch.setenv("MASTERY_TLS_KEY_FILE", str(made.key))
    assert told(mastery, "tls") == (0, "ok", "certificate and key can be used")
    made.key.unlink()
    code, outcome, message = told(mastery, "tls")
    assert (code, outcome) == (1, "failed")
    assert "MASTERY_TLS_KEY_FILE" in message


def test_an_issuer_is_told_with_its_keys_and_how_long_they_are_kept(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(mastery, "issuer") == (0, "ok", "none is named (MASTERY_JWT_JWKS_URL)")
    with issuer() as sso:
        sso.give(rsa_jwk(rsa_key(), "r"), ec_jwk(ec_key(), "e"), {"kty": "oct", "k": "c2VjcmV0"})
        monkeypatch.setenv("MASTERY_JWT_JWKS_URL", sso.url)
        words = "gives 2 keys (1 ES256, 1 RS256); a service keeps them for 24 hours at most"
        assert told(mastery, "issuer") == (0, "ok", words)
        assert "the issuer's keys verify them" in told(mastery, "secrets")[2]


def test_an_issuer_that_gives_no_keys_fails_with_what_goes_on_meanwhile(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with issuer() as sso:
        monkeypatch.setenv("MASTERY_JWT_JWKS_URL", sso.url)
        sso.status = 500
        code, outcome, message = told(mastery, "issuer")
        assert (code, outcome) == (1, "failed")
        assert "it answered 500; services that have its keys use them until these are 24 hours old" in message
        sso.give({"kty": "oct", "k": "c2VjcmV0"})
        assert "no key for RS256" in told(mastery, "issuer")[2]
    assert "ConnectError" in told(mastery, "issuer")[2]


def test_limits_are_of_each_process_or_counted_together(
    mastery: Mastery, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(mastery, "limits")[:2] == (0, "ok")
    assert "each process counts for itself" in told(mastery, "limits")[2]
    monkeypatch.setenv("MASTERY_LIMITS_URL", redis_url)
    assert told(mastery, "limits") == (0, "ok", "replicas count together, in the Redis that answers")
    monkeypatch.setenv("MASTERY_LIMITS_URL", redis_url.rpartition("/")[0] + "/9999")
    code, outcome, message = told(mastery, "limits")
    assert (code, outcome) == (1, "failed")
    assert "has no database of that number; look at MASTERY_LIMITS_URL" in message


def test_limits_that_do_not_answer_are_a_warning_since_the_service_goes_on(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_LIMITS_URL", "redis://127.0.0.1:1/0")
    code, outcome, message = told(mastery, "limits")
    assert (code, outcome) == (0, "warning")
    assert "redis at 127.0.0.1:1/0 does not answer" in message
    assert "until then each process counts for itself" in message


def test_limits_that_answer_and_may_not_be_written_are_found_out(
    mastery: Mastery, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever may not run a script still gets an answer to a ping.
    client, user = Redis.from_url(redis_url), f"reader-{uuid4().hex}"
    netloc = f"{user}:hush@{urlsplit(redis_url).netloc}"
    client.acl_setuser(user, enabled=True, passwords=["+hush"], categories=["+@all", "-@scripting"], keys="*")
    try:
        monkeypatch.setenv("MASTERY_LIMITS_URL", urlsplit(redis_url)._replace(netloc=netloc).geturl())
        code, outcome, message = told(mastery, "limits")
        assert (code, outcome) == (1, "failed")
        assert "does not let this user do that" in message
        assert "hush" not in message
    finally:
        client.acl_deluser(user)
        client.close()


def test_erasures_that_wait_are_counted_and_are_a_warning_after_a_day(mastery: Mastery) -> None:
    assert mastery("tenant", "create", "north").code == 0
    assert told(mastery, "erasures") == (0, "ok", "0 open")
    wait_for_erasure(90 * 24, "export")
    wait_for_erasure(23)
    code, outcome, message = told(mastery, "erasures")
    assert (code, outcome) == (0, "ok")
    assert message.startswith("1 open, the oldest since 20")
    wait_for_erasure(25, "tenant_erasure")
    code, outcome, message = told(mastery, "erasures")
    assert (code, outcome) == (0, "warning")
    assert message.startswith("2 open")
    assert "longer than a day: see that `mastery serve` runs" in message


def test_revocations_are_looked_for_in_the_state_store(mastery: Mastery) -> None:
    assert mastery("tenant", "create", "north").code == 0
    assert told(mastery, "revocations") == (0, "ok", "the state store tells which tokens are revoked")


def test_the_copy_of_the_erasure_ledger_is_compared_with_it(
    mastery: Mastery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mastery("tenant", "create", "north").code == 0
    assert told(mastery, "ledger copy")[2].startswith("none is kept")
    erased = mastery("privacy", "erase", "ada-01", "--tenant", "north", "--wait")
    assert erased.code == 0, erased.err
    monkeypatch.setenv("MASTERY_LEDGER_COPY_URL", str(tmp_path / "copy"))
    code, outcome, message = told(mastery, "ledger copy")
    assert (code, outcome) == (1, "failed")
    assert "no copy of the erasure ledger was begun" in message
    assert mastery("privacy", "erase", "bob-01", "--tenant", "north", "--wait").code == 0
    # The last step of the second is told with the next one that is carried out.
    code, outcome, message = told(mastery, "ledger copy")
    assert (code, outcome, message.partition(",")[0]) == (0, "warning", "lacks 1 of the ledger's erasures")
    assert mastery("backup", "create", tmp_path / "backup").code == 0
    assert told(mastery, "ledger copy")[1:] == ("ok", "knows what the erasure ledger knows")
    for one in (tmp_path / "copy").glob("*-asked.json"):
        unknown = one.name.replace(one.name[:32], "f" * 32)
        one.rename(one.with_name(unknown))
    assert "knows 1 that it does not" in told(mastery, "ledger copy")[2]


def test_a_variable_that_looks_like_a_setting_and_is_none_is_told(
    mastery: Mastery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTERY_STORE_ULR", "redis://localhost")
    code, outcome, message = told(mastery, "variables")
    assert (code, outcome) == (0, "warning")
    assert "is MASTERY_STORE_URL meant?" in message


def test_records_that_were_deleted_and_another_key_of_the_hashes_fail(
    mastery: Mastery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mastery("audit", "list").code == 0
    assert told(mastery, "audit trail")[:2] == (0, "ok")
    with monkeypatch.context() as other:
        other.setenv("MASTERY_PSEUDONYM_KEY", "another key of thirty-two bytes or more")
        code, outcome, message = told(mastery, "audit trail")
        assert (code, outcome) == (1, "failed")
        assert "the key of the hashes" in message
    for file in home.glob("archive.db*"):
        file.unlink()
    code, outcome, message = told(mastery, "audit trail")
    assert (code, outcome) == (1, "failed")
    assert "it was deleted, and what is there now was begun anew" in message
