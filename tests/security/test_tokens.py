"""A token holds only if everything about it does."""

from __future__ import annotations

import asyncio
import json

import jwt
import pytest

from mastery_engine.adapters.auth import (
    INVALID,
    MOST_TOKEN_BYTES,
    Claims,
    SharedSecrets,
    TokenVerifier,
    make_token,
    name_of,
)
from mastery_engine.domain.errors import ConfigurationError, NotAuthenticated
from tests.api.school import StillClock
from tests.security.token_smith import (
    AUDIENCE,
    ISSUER,
    LEEWAY,
    NOW,
    POLICY,
    SECRET,
    claims,
    segment,
    signed,
)

OLD = b"an earlier secret of the tests, of more than 32 bytes"
VERIFIER = TokenVerifier([SharedSecrets([SECRET, OLD])], POLICY, StillClock())


def verified(token: str) -> Claims:
    return asyncio.run(VERIFIER.verify(token))


def refusal(token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        verified(token)
    return caught.value.message


def test_a_token_with_everything_right_holds() -> None:
    found = verified(signed(claims()))
    assert (found.sub, found.role, found.tenant_id) == ("amal", "student", "default")


def test_a_made_token_holds() -> None:
    token = make_token(
        SECRET,
        subject="tutor",
        role="service",
        tenant_id="north",
        issuer=ISSUER,
        audience=AUDIENCE,
        issued_at=NOW,
        lifetime_seconds=60,
    )
    assert verified(token).role == "service"


def test_several_audiences_may_hold_ours() -> None:
    assert verified(signed(claims(aud=["other", AUDIENCE]))).sub == "amal"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_does_not_hold(algorithm: str) -> None:
    unsigned = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(claims())}."
    assert refusal(unsigned) == INVALID


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("HS512", "sha512"), ("HS384", "sha384"), ("RS256", "sha256")]
)
def test_the_algorithm_is_never_taken_from_the_token(algorithm: str, digest: str) -> None:
    assert refusal(signed(claims(), {"alg": algorithm, "typ": "JWT"}, digest)) == INVALID


def test_a_token_signed_with_another_secret_does_not_hold() -> None:
    token = jwt.encode(claims(), SECRET[::-1], algorithm="HS256")
    assert refusal(token) == INVALID


def test_a_changed_claim_breaks_the_signature() -> None:
    header, _, signature = signed(claims()).split(".")
    assert refusal(f"{header}.{segment(claims(role='admin'))}.{signature}") == INVALID


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud"])
def test_a_required_claim_that_is_missing_is_named(name: str) -> None:
    assert refusal(signed(claims(**{name: None}))) == f"the token has no {name}"


@pytest.mark.parametrize("name", ["sub", "role", "tenant_id"])
def test_a_token_must_say_who_what_and_where(name: str) -> None:
    assert name in refusal(signed(claims(**{name: None})))


def test_an_expired_token_does_not_hold_once_the_leeway_is_over() -> None:
    assert verified(signed(claims(iat=NOW - 600, exp=NOW - LEEWAY + 20)))
    assert "expired" in refusal(signed(claims(iat=NOW - 600, exp=NOW - LEEWAY)))


def test_a_token_of_the_future_does_not_hold_beyond_the_leeway() -> None:
    assert verified(signed(claims(iat=NOW + LEEWAY - 20)))
    assert "future" in refusal(signed(claims(iat=NOW + LEEWAY + 20)))


def test_a_token_that_is_not_valid_yet_does_not_hold() -> None:
    assert "future" in refusal(signed(claims(nbf=NOW + 3_600)))


@pytest.mark.parametrize("issuer", ["mastery", "mastery-engine ", "", ["mastery-engine"], 7])
def test_another_issuer_does_not_hold(issuer: object) -> None:
    assert refusal(signed(claims(iss=issuer)))


@pytest.mark.parametrize("audience", ["mastery", "mastery-api ", "", [], ["other"], {"mastery-api": 1}, 7])
def test_another_audience_does_not_hold(audience: object) -> None:
    assert refusal(signed(claims(aud=audience)))


@pytest.mark.parametrize("value", ["soon", [], {}, True, "Infinity", "NaN"])
@pytest.mark.parametrize("name", ["exp", "iat"])
def test_a_time_must_be_a_number(name: str, value: object) -> None:
    payload = json.dumps(claims(**{name: "@"})).replace(
        '"@"', str(value) if value in ("Infinity", "NaN") else json.dumps(value)
    )
    assert refusal(signed(payload))


@pytest.mark.parametrize("role", ["operator", "root", "Student", "", 1, ["admin"]])
def test_a_role_must_be_one_of_the_four(role: object) -> None:
    assert "claim" in refusal(signed(claims(role=role)))


@pytest.mark.parametrize("tenant", ["", "North", "a/b", "x" * 51, "north\n", 5, "../north"])
def test_a_tenant_must_be_well_formed(tenant: object) -> None:
    assert "claim" in refusal(signed(claims(tenant_id=tenant)))


@pytest.mark.parametrize("subject", ["", "a b", "amal\n", "x" * 51, "a:b", "é", "student:1"])
def test_the_subject_of_a_student_must_be_a_student_id(subject: str) -> None:
    assert refusal(signed(claims(sub=subject)))


@pytest.mark.parametrize("subject", ["os:root", "dapr:concepts-agent", "", "a\nb", "x" * 201])
def test_nobody_takes_the_name_of_an_operator_of_the_command_line(subject: str) -> None:
    assert "claim" in refusal(signed(claims(sub=subject, role="admin")))


@pytest.mark.parametrize("name", ["role", "sub", "tenant_id", "exp", "something"])
def test_a_claim_that_stands_twice_is_refused(name: str) -> None:
    text = json.dumps(claims(something=1))
    twice = text[:-1] + f', "{name}": {json.dumps(claims(something=1)[name])}}}'
    assert "once" in refusal(signed(twice))


def test_a_header_name_that_stands_twice_is_refused() -> None:
    assert refusal(signed(claims(), '{"alg": "none", "alg": "HS256"}'))


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    huge = signed(claims(filler="x" * MOST_TOKEN_BYTES))
    assert refusal(huge) == INVALID


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "ä.ö.ü", "e30.e30.", "null", "x" * 100, "e30.e30.e30.e30"]
)
def test_what_is_no_token_does_not_hold(text: str) -> None:
    assert refusal(text) == INVALID


@pytest.mark.parametrize("payload", ["[]", "null", "7", '"x"', "{", '{"a": NaN}'])
def test_a_payload_that_is_no_object_does_not_hold(payload: str) -> None:
    assert refusal(signed(payload))


def test_a_critical_extension_that_nobody_knows_is_refused() -> None:
    assert refusal(signed(claims(), {"alg": "HS256", "crit": ["b64"], "b64": False}))


def test_a_deeply_nested_claim_is_refused() -> None:
    assert refusal(signed(json.dumps(claims())[:-1] + ', "x": ' + "[" * 50 + "]" * 50 + "}"))


def test_a_secret_of_fewer_than_32_bytes_makes_no_verifier() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        SharedSecrets([SECRET, b"x" * 31])


def test_without_a_secret_there_is_no_verifier() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        SharedSecrets([])


def made(secret: bytes, token_id: str | None = None) -> str:
    return make_token(
        secret,
        subject="tutor",
        role="service",
        tenant_id="north",
        issuer=ISSUER,
        audience=AUDIENCE,
        issued_at=NOW,
        lifetime_seconds=60,
        token_id=token_id,
    )


def test_every_active_secret_verifies_whether_its_name_is_given_or_not() -> None:
    assert verified(made(OLD)).sub == verified(made(SECRET)).sub == "tutor"
    for secret in (SECRET, OLD):
        assert verified(signed(claims(), secret=secret)).sub == "amal"
        assert verified(signed(claims(), {"alg": "HS256", "kid": "its signer's own word"}, secret=secret))


def test_a_name_chooses_its_secret_and_no_other() -> None:
    header = {"alg": "HS256", "kid": name_of(OLD)}
    assert verified(signed(claims(), header, secret=OLD))
    assert refusal(signed(claims(), header, secret=SECRET)) == INVALID


def test_the_name_of_a_secret_is_in_a_made_token_and_tells_nothing_of_it() -> None:
    assert jwt.get_unverified_header(made(SECRET))["kid"] == name_of(SECRET)
    assert name_of(SECRET) != name_of(OLD)
    assert SECRET.hex()[:8] not in name_of(SECRET)


def test_the_id_of_a_token_is_told() -> None:
    assert verified(made(SECRET, "t-1")).jti == "t-1"
    assert verified(made(SECRET)).jti is None


@pytest.mark.parametrize("token_id", ["", "x" * 201, "a\nb", "\x00", 7, ["t-1"]])
def test_the_id_of_a_token_is_a_text_of_bounded_length(token_id: object) -> None:
    assert "claim" in refusal(signed(claims(jti=token_id)))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({"exp": NOW + 86_401}, "within 86400 s"),
        ({"iat": NOW - 86_400, "exp": NOW + 1}, "within 86400 s"),
        ({"iat": NOW + 20, "exp": NOW + 10}, "within 86400 s"),
        ({"exp": 1e300}, "claim"),
        ({"exp": 10**400}, "claim"),
        ({"iat": -1}, "claim"),
    ],
)
def test_a_token_lives_no_longer_than_is_set(times: dict[str, object], said: str) -> None:
    assert said in refusal(signed(claims(**times)))


def test_a_token_may_live_as_long_as_is_set() -> None:
    assert verified(signed(claims(exp=NOW + 86_400)))


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "JWS", "", " jwt"])
def test_a_token_of_another_kind_is_refused(kind: str) -> None:
    assert refusal(signed(claims(), {"alg": "HS256", "typ": kind})) == INVALID


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+JWT", None])
def test_an_access_token_is_taken_by_each_of_its_names(kind: str | None) -> None:
    assert verified(signed(claims(), {"alg": "HS256"} | ({} if kind is None else {"typ": kind})))


def test_a_token_has_no_twin_in_other_characters() -> None:
    token = signed(claims())
    # The last character of 32 bytes has two bits that mean nothing.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert refusal(twin) == refusal(token + "=") == refusal(token + "\n") == INVALID
