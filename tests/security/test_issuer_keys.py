"""Tokens by an issuer's published keys: rotation, outage, and an issuer that sends what it should not."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from mastery_engine.adapters.auth.fetching import MOST_BYTES
from mastery_engine.adapters.auth.issuer_keys import AGAIN_SECONDS, REFRESH_SECONDS
from mastery_engine.bootstrap.tokens import open_tokens
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from tests.api.school import StillClock, trial_settings
from tests.integration.certificates import certificates
from tests.security.by_issuer import refused, tokens
from tests.security.issuer import Issuer, issuer
from tests.security.token_smith import (
    SECRET,
    claims,
    ec_key,
    es256,
    public_pem,
    rs256,
    rsa_jwk,
    rsa_key,
    signed,
)

STALE_SECONDS = 86_400


async def settled(told: Issuer, times: int) -> None:
    """Return once the issuer was asked so often and what it answered is taken."""
    while len(told.asked) < times or _looking():  # noqa: ASYNC110 - the issuer is a thread of its own
        await asyncio.sleep(0.001)


async def test_tokens_by_rs256_and_es256_hold_and_the_keys_are_fetched_once(sso: Issuer) -> None:
    async with tokens(sso.url) as opened:
        for token in (rs256(claims(), rsa_key()), es256(claims(), ec_key())):
            assert (await opened.verifier.verify(token)).sub == "amal"
        assert await refused(opened, rs256(claims(), rsa_key("other"))) == "signature"
    assert sso.asked == ["/keys"]


async def test_a_crowd_at_the_start_makes_one_fetch(sso: Issuer) -> None:
    async with tokens(sso.url) as opened:
        token = rs256(claims(), rsa_key())
        await asyncio.gather(*(opened.verifier.verify(token) for _ in range(50)))
    assert len(sso.asked) == 1


async def test_keys_are_fetched_by_https_and_only_from_whom_the_authority_vouches_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificates(tmp_path)
    with issuer(made) as told:
        told.give(rsa_jwk(rsa_key()))
        async with tokens(told.url) as opened:
            with pytest.raises(DependencyDown, match="ConnectError"):
                await opened.verifier.verify(rs256(claims(), rsa_key()))
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
        async with tokens(told.url) as opened:
            assert await opened.verifier.verify(rs256(claims(), rsa_key()))


async def test_a_new_key_signs_before_anybody_has_asked_for_it(sso: Issuer) -> None:
    clock = StillClock()
    async with tokens(sso.url, clock) as opened:
        await opened.verifier.verify(rs256(claims(), rsa_key()))
        sso.give(rsa_jwk(rsa_key()), rsa_jwk(rsa_key("next"), "rsa-2"))
        clock.slept += AGAIN_SECONDS
        assert await opened.verifier.verify(rs256(claims(), rsa_key("next"), "rsa-2"))
        assert await opened.verifier.verify(rs256(claims(), rsa_key()))
    assert len(sso.asked) == 2


async def test_a_withdrawn_key_holds_no_longer_than_until_the_next_look(sso: Issuer) -> None:
    clock = StillClock()
    async with tokens(sso.url, clock) as opened:
        token = rs256(claims(exp=None) | {"exp": claims()["exp"]}, rsa_key())
        await opened.verifier.verify(token)
        sso.give(rsa_jwk(rsa_key("next"), "rsa-2"))
        clock.slept += REFRESH_SECONDS
        assert await opened.verifier.verify(token), "nobody waits for the look"
        await settled(sso, 2)
        assert await refused(opened, token) == "key"


async def test_made_up_names_of_keys_make_no_more_than_one_look_in_30_seconds(sso: Issuer) -> None:
    clock = StillClock()
    async with tokens(sso.url, clock) as opened:
        await opened.verifier.verify(rs256(claims(), rsa_key()))
        for number in range(200):
            assert await refused(opened, rs256(claims(), rsa_key("forger"), f"made-up-{number % 7}")) == "key"
        assert len(sso.asked) == 1
        clock.slept += AGAIN_SECONDS
        for number in range(200):
            await refused(opened, rs256(claims(), rsa_key("forger"), f"made-up-{number % 7}"))
    assert len(sso.asked) == 2


@pytest.mark.parametrize("trouble", ["status", "garbage", "empty", "huge", "redirect", "compressed"])
async def test_while_the_issuer_stumbles_its_last_keys_hold_and_readiness_tells(
    sso: Issuer, trouble: str
) -> None:
    clock, token = StillClock(), rs256(claims(), rsa_key())
    async with tokens(sso.url, clock) as opened:
        await opened.verifier.verify(token)
        assert opened.degraded["issuer_keys"]() is None
        _stumble(sso, trouble)
        clock.slept += REFRESH_SECONDS
        await opened.verifier.verify(token)
        await settled(sso, 2)
        assert await opened.verifier.verify(token)
        # Nobody can tell whether the issuer has such a key by now.
        with pytest.raises(DependencyDown, match="MASTERY_JWT_JWKS_URL"):
            await opened.verifier.verify(rs256(claims(), rsa_key("forger"), "rsa-2"))
        await opened.pings["issuer"]()
        assert "300 s old" in (opened.degraded["issuer_keys"]() or "")
        assert set(sso.asked) == {"/keys"}, "a redirect is not followed"


async def test_a_key_of_which_the_issuer_could_not_be_asked_is_taken_once_it_answers(sso: Issuer) -> None:
    clock, known, new = StillClock(), rs256(claims(), rsa_key()), rsa_key("new")
    async with tokens(sso.url, clock) as opened:
        await opened.verifier.verify(known)
        sso.give(rsa_jwk(rsa_key()), rsa_jwk(new, "new"))
        sso.status = 500
        clock.slept += AGAIN_SECONDS
        for _ in range(2):
            with pytest.raises(DependencyDown):
                await opened.verifier.verify(rs256(claims(), new, "new"))
        assert len(sso.asked) == 2
        assert opened.degraded["issuer_keys"]() is not None
        sso.status = 200
        clock.slept += AGAIN_SECONDS
        # Somebody else's request is enough for the look.
        await opened.verifier.verify(known)
        await settled(sso, 3)
        assert opened.degraded["issuer_keys"]() is None
        assert await opened.verifier.verify(rs256(claims(), new, "new"))
        assert await refused(opened, rs256(claims(), rsa_key("forger"), "made-up")) == "key"
    assert len(sso.asked) == 3


async def test_stale_keys_hold_for_a_bounded_time_and_then_nobody_can_tell(sso: Issuer) -> None:
    clock, token = StillClock(), rs256(claims(), rsa_key())
    async with tokens(sso.url, clock) as opened:
        await opened.verifier.verify(token)
        sso.status = 500
        clock.slept += STALE_SECONDS - 1
        assert await opened.verifier.verify(token)
        await settled(sso, 2)
        clock.slept += 2
        with pytest.raises(DependencyDown, match="MASTERY_JWT_JWKS_URL"):
            await opened.verifier.verify(token)
        with pytest.raises(DependencyDown):
            await opened.pings["issuer"]()
        assert opened.degraded["issuer_keys"]() is None, "it is down, and no longer degraded"
        sso.status = 200
        clock.slept += 2
        assert await opened.verifier.verify(token)


async def test_an_issuer_that_is_not_there_at_the_start_is_asked_again(sso: Issuer) -> None:
    clock, token = StillClock(), rs256(claims(), rsa_key())
    sso.status = 503
    async with tokens(sso.url, clock) as opened:
        for _ in range(20):
            with pytest.raises(DependencyDown):
                await opened.verifier.verify(token)
        assert len(sso.asked) == 1
        sso.status = 200
        clock.slept += 2
        await opened.pings["issuer"]()
        assert await opened.verifier.verify(token)


async def test_an_issuer_that_holds_its_answer_is_given_up(
    sso: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.adapters.auth.fetching.MOST_SECONDS", 0.05)
    sso.hold.clear()
    async with tokens(sso.url) as opened:
        with pytest.raises(DependencyDown):
            await opened.verifier.verify(rs256(claims(), rsa_key()))


@pytest.mark.parametrize("forged_at", ["/forged", "http://127.0.0.2:1/keys"])
async def test_a_redirect_is_not_followed_at_the_first_look_either(sso: Issuer, forged_at: str) -> None:
    sso.status, sso.headers = 307, {"Location": forged_at}
    async with tokens(sso.url) as opened:
        with pytest.raises(DependencyDown, match="it answered 307"):
            await opened.verifier.verify(rs256(claims(), rsa_key()))
    assert sso.asked == ["/keys"]


async def test_keys_count_whatever_media_type_they_are_sent_as_and_a_page_is_none(sso: Issuer) -> None:
    sso.headers = {"Content-Type": "text/plain"}
    async with tokens(sso.url) as opened:
        assert await opened.verifier.verify(rs256(claims(), rsa_key()))
    sso.headers, sso.body = {"Content-Type": "application/jwk-set+json"}, b"<html>Down for maintenance</html>"
    async with tokens(sso.url) as opened:
        with pytest.raises(DependencyDown, match="MASTERY_JWT_JWKS_URL"):
            await opened.verifier.verify(rs256(claims(), rsa_key()))


async def test_nobody_listening_is_told_as_such() -> None:
    with issuer() as gone:
        pass
    async with tokens(gone.url) as opened:
        with pytest.raises(DependencyDown, match="ConnectError"):
            await opened.verifier.verify(rs256(claims(), rsa_key()))


def _looking() -> bool:
    return any("issuer's keys" in task.get_name() for task in asyncio.all_tasks())


def _stumble(told: Issuer, trouble: str) -> None:
    if trouble == "status":
        told.status = 503
    elif trouble == "garbage":
        told.body = b'{"keys": [{"kty": "RSA"'
    elif trouble == "empty":
        told.body = b'{"keys": []}'
    elif trouble == "huge":
        told.body = b'{"keys": [], "x": "' + b"x" * MOST_BYTES + b'"}'
    elif trouble == "redirect":
        told.status, told.headers = 302, {"Location": told.url.replace("/keys", "/forged")}
    else:
        told.headers, told.body = {"Content-Encoding": "gzip"}, gzip.compress(told.body)


async def test_without_a_name_the_only_key_of_the_algorithm_is_meant(sso: Issuer) -> None:
    async with tokens(sso.url) as opened:
        assert await opened.verifier.verify(rs256(claims(), rsa_key(), None))
    sso.give(rsa_jwk(rsa_key(), None))
    async with tokens(sso.url) as opened:
        assert await opened.verifier.verify(rs256(claims(), rsa_key(), None))
    sso.give(rsa_jwk(rsa_key()), rsa_jwk(rsa_key("next"), "rsa-2"))
    async with tokens(sso.url) as opened:
        assert await refused(opened, rs256(claims(), rsa_key(), None)) == "key"


async def test_secrets_and_an_issuer_stand_side_by_side_and_are_never_mixed(sso: Issuer) -> None:
    async with tokens(sso.url, jwt_secret=SECRET.decode()) as opened:
        assert await opened.verifier.verify(signed(claims()))
        assert await opened.verifier.verify(rs256(claims(), rsa_key()))
        for kid in ("rsa-1", "ec-1"):
            for public in (public_pem(rsa_key()), public_pem(rsa_key()).rstrip(), public_pem(ec_key())):
                header = {"alg": "HS256", "kid": kid, "typ": "JWT"}
                assert await refused(opened, signed(claims(), header, secret=public)) == "signature"
        assert await refused(opened, es256(claims(), ec_key(), "rsa-1")) == "key"


async def test_with_an_issuer_alone_no_secret_of_any_kind_holds(sso: Issuer) -> None:
    async with tokens(sso.url) as opened:
        assert await refused(opened, signed(claims())) == "algorithm"
        assert await refused(opened, signed(claims(), secret=public_pem(rsa_key()))) == "algorithm"


def test_an_issuer_needs_libraries_and_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> object:
        return None if name == "httpx" else name

    monkeypatch.setattr("mastery_engine.bootstrap.extras.find_spec", installed)
    settings = trial_settings(jwt_jwks_url="https://sso.school/keys")

    async def opened() -> None:
        async with open_tokens(settings, StillClock()):
            pass

    with pytest.raises(ConfigurationError, match=r"needs httpx; .*mastery-engine\[jwks\]"):
        asyncio.run(opened())
