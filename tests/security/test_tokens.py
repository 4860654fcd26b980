"""A token holds only if everything about it does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest

from mastery_engine.adapters.auth import LEEWAY_SECONDS, MOST_TOKEN_BYTES, TokenVerifier, make_token
from mastery_engine.domain.errors import ConfigurationError, NotAuthenticated

SECRET = b"a secret of the tests, of more than 32 bytes"
ISSUER = "mastery-engine"
AUDIENCE = "mastery-api"
VERIFIER = TokenVerifier(SECRET, ISSUER, AUDIENCE)


def claims(**other: object) -> dict[str, object]:
    now = int(time.time())
    given = {
        "sub": "amal",
        "role": "student",
        "tenant_id": "default",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (given | other).items() if value is not None}


def segment(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(payload: object, header: object | None = None, digest: str = "sha256") -> str:
    """A token of any header and payload, with a signature that holds."""
    signing = f"{segment(header or {'alg': 'HS256', 'typ': 'JWT'})}.{segment(payload)}"
    mac = hmac.new(SECRET, signing.encode(), getattr(hashlib, digest)).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def refusal(token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        VERIFIER.verify(token)
    return caught.value.message


def test_a_token_with_everything_right_holds() -> None:
    found = VERIFIER.verify(signed(claims()))
    assert (found.sub, found.role, found.tenant_id) == ("amal", "student", "default")


def test_a_made_token_holds() -> None:
    token = make_token(
        SECRET,
        subject="tutor",
        role="service",
        tenant_id="north",
        issuer=ISSUER,
        audience=AUDIENCE,
        issued_at=int(time.time()),
        lifetime_seconds=60,
    )
    assert VERIFIER.verify(token).role == "service"


def test_several_audiences_may_hold_ours() -> None:
    assert VERIFIER.verify(signed(claims(aud=["other", AUDIENCE]))).sub == "amal"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_does_not_hold(algorithm: str) -> None:
    unsigned = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(claims())}."
    assert refusal(unsigned) == "the token is not valid"


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("HS512", "sha512"), ("HS384", "sha384"), ("RS256", "sha256")]
)
def test_the_algorithm_is_never_taken_from_the_token(algorithm: str, digest: str) -> None:
    assert refusal(signed(claims(), {"alg": algorithm, "typ": "JWT"}, digest)) == "the token is not valid"


def test_a_token_signed_with_another_secret_does_not_hold() -> None:
    token = jwt.encode(claims(), SECRET[::-1], algorithm="HS256")
    assert refusal(token) == "the token is not valid"


def test_a_changed_claim_breaks_the_signature() -> None:
    header, _, signature = signed(claims()).split(".")
    assert refusal(f"{header}.{segment(claims(role='admin'))}.{signature}") == "the token is not valid"


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud"])
def test_a_required_claim_that_is_missing_is_named(name: str) -> None:
    assert refusal(signed(claims(**{name: None}))) == f"the token has no {name}"


@pytest.mark.parametrize("name", ["sub", "role", "tenant_id"])
def test_a_token_must_say_who_what_and_where(name: str) -> None:
    assert name in refusal(signed(claims(**{name: None})))


def test_an_expired_token_does_not_hold_once_the_leeway_is_over() -> None:
    now = int(time.time())
    assert VERIFIER.verify(signed(claims(exp=now - LEEWAY_SECONDS + 20)))
    assert "expired" in refusal(signed(claims(exp=now - LEEWAY_SECONDS - 1)))


def test_a_token_of_the_future_does_not_hold_beyond_the_leeway() -> None:
    now = int(time.time())
    assert VERIFIER.verify(signed(claims(iat=now + LEEWAY_SECONDS - 20)))
    assert "future" in refusal(signed(claims(iat=now + LEEWAY_SECONDS + 20)))


def test_a_token_that_is_not_valid_yet_does_not_hold() -> None:
    assert "future" in refusal(signed(claims(nbf=int(time.time()) + 3_600)))


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
    assert refusal(huge) == "the token is not valid"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "ä.ö.ü", "e30.e30.", "null", "x" * 100, "e30.e30.e30.e30"]
)
def test_what_is_no_token_does_not_hold(text: str) -> None:
    assert refusal(text) == "the token is not valid"


@pytest.mark.parametrize("payload", ["[]", "null", "7", '"x"', "{", '{"a": NaN}'])
def test_a_payload_that_is_no_object_does_not_hold(payload: str) -> None:
    assert refusal(signed(payload))


def test_a_critical_extension_that_nobody_knows_is_refused() -> None:
    assert refusal(signed(claims(), {"alg": "HS256", "crit": ["b64"], "b64": False}))


def test_a_deeply_nested_claim_is_refused() -> None:
    assert refusal(signed(json.dumps(claims())[:-1] + ', "x": ' + "[" * 50 + "]" * 50 + "}"))


def test_a_secret_of_fewer_than_32_bytes_makes_no_verifier() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        TokenVerifier(b"x" * 31, ISSUER, AUDIENCE)
