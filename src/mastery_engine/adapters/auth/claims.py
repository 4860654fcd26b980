"""What a token says of its bearer, and whether it may still say so."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta, Struct

from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, NotAuthenticated
from mastery_engine.domain.events import StudentId, TenantId

TokenRole = Literal["student", "teacher", "admin", "service"]
# `os:` names operators of the command line in the audit trail, and `dapr:` apps by their sidecars; nobody gets such a name by a
# token.
MOST_SUBJECT: Final = 200
Subject = Annotated[
    str,
    Meta(
        pattern=rf"^(?!os:|dapr:)[\x21-\x7e]{{1,{MOST_SUBJECT}}}\Z",
        extra={
            RULE: "must be 1 to 200 visible characters of ASCII, without spaces and not beginning with os: or dapr:"
        },
    ),
]
TokenId = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,200}\Z",
        extra={RULE: "must be 1 to 200 characters, none of them for control"},
    ),
]
Moment = Annotated[int, Meta(ge=0, le=1 << 40)] | Annotated[float, Meta(ge=0, le=1 << 40)]
Name = Annotated[str, Meta(max_length=500)]
_REQUIRED: Final = ("exp", "iat", "iss", "aud", "sub", "role", "tenant_id")
_MOST_MESSAGE: Final = 200


class Claims(Struct, frozen=True, kw_only=True):
    """What a token says of its bearer.

    Attributes:
        sub: Who; a student's is the student's id.
        role: What they are.
        tenant_id: Their school.
        exp: Until when, Unix seconds.
        iat: Since when, Unix seconds.
        iss: Who says so.
        aud: To whom.
        nbf: Not before, Unix seconds.
        jti: The token's own id, by which it can be revoked.
    """

    sub: Subject
    role: TokenRole
    tenant_id: TenantId
    exp: Moment
    iat: Moment
    iss: Name
    aud: Name | Annotated[list[Name], Meta(max_length=20)]
    nbf: Moment | None = None
    jti: TokenId | None = None


class Policy(Struct, frozen=True, kw_only=True):
    """Which claims are taken.

    Attributes:
        issuer: Required `iss`.
        audience: Required `aud`, or one of a token's several.
        leeway_seconds: How far the clocks of those who sign and those who verify may be apart.
        longest_seconds: Longest time from `iat` to `exp`.
    """

    issuer: str
    audience: str
    leeway_seconds: int
    longest_seconds: int


def claims_of(payload: bytes, policy: Policy, now: float) -> Claims:
    """Claims of a token whose signature holds, each checked.

    Args:
        payload: JSON.
        policy: Which are taken.
        now: Unix seconds.

    Raises:
        NotAuthenticated: A claim is missing, stands twice, breaks its rule, or does not hold now.
    """
    claims = _read(payload)
    if claims.iss != policy.issuer:
        raise NotAuthenticated("the token is of another issuer (iss)", "issuer")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if policy.audience not in audiences:
        raise NotAuthenticated("the token is for another audience (aud)", "audience")
    _check_times(claims, policy, now)
    return claims


def _read(payload: bytes) -> Claims:
    try:
        decoded = decode_strictly(payload)
        given = cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
        missing = next((name for name in _REQUIRED if name not in given), None)
        if isinstance(decoded, dict) and missing is not None:
            raise NotAuthenticated(f"the token has no {missing}", "claims")
        claims = msgspec.convert(decoded, Claims)
        if claims.role == "student":
            msgspec.convert(claims.sub, StudentId)
    except InvalidInput as error:
        raise NotAuthenticated(
            f"the token cannot be read: {error.message}"[:_MOST_MESSAGE], "claims"
        ) from None
    except msgspec.ValidationError as error:
        message = f"a claim of the token cannot be used: {error}"[:_MOST_MESSAGE]
        raise NotAuthenticated(message, "claims") from None
    return claims


def _check_times(claims: Claims, policy: Policy, now: float) -> None:
    leeway = policy.leeway_seconds
    if claims.exp <= now - leeway:
        raise NotAuthenticated("the token has expired; get a new one", "expired")
    if max(claims.iat, claims.nbf or 0) > now + leeway:
        raise NotAuthenticated("the token is of the future; compare the clocks", "future")
    if not claims.iat < claims.exp <= claims.iat + policy.longest_seconds:
        message = (
            f"the token must expire within {policy.longest_seconds} s after it was issued; get one that does"
        )
        raise NotAuthenticated(message, "lifetime")
