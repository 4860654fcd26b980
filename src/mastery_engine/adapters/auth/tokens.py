"""JSON Web Tokens signed with HS256: the algorithm is fixed here and never taken from the token."""

from __future__ import annotations

import base64
from typing import Annotated, Final, Literal, final

import jwt
import msgspec
from msgspec import Meta, Struct

from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import ConfigurationError, InvalidInput, NotAuthenticated
from mastery_engine.domain.events import StudentId, TenantId

ALGORITHM: Final = "HS256"
SHORTEST_SECRET_BYTES: Final = 32
MOST_TOKEN_BYTES: Final = 8 * 1024
LEEWAY_SECONDS: Final = 30
"""How far the clocks of those who sign and those who verify may be apart."""

TokenRole = Literal["student", "teacher", "admin", "service"]
# `os:` names operators of the command line in the audit trail, and `dapr:` apps by their sidecars; nobody gets such a name by a
# token.
Subject = Annotated[str, Meta(pattern=r"^(?!os:|dapr:)[\x21-\x7e]{1,200}\Z")]
_INVALID: Final = "the token is not valid"
_MOST_MESSAGE: Final = 200


class Claims(Struct, frozen=True, kw_only=True):
    """What a token says of its bearer.

    Attributes:
        sub: Who; a student's is the student's id.
        role: What they are.
        tenant_id: Their school.
        exp: Until when, Unix seconds.
        iat: Since when, Unix seconds.
    """

    sub: Subject
    role: TokenRole
    tenant_id: TenantId
    exp: int | float
    iat: int | float


@final
class TokenVerifier:
    """Verifies tokens of one issuer for one audience."""

    def __init__(self, secret: bytes, issuer: str, audience: str) -> None:
        """Take what a token is verified with.

        Args:
            secret: At least 32 bytes.
            issuer: Required `iss`.
            audience: Required `aud`, or one of a token's several.

        Raises:
            ConfigurationError: The secret is too short.
        """
        if len(secret) < SHORTEST_SECRET_BYTES:
            raise ConfigurationError(f"the secret of tokens has fewer than {SHORTEST_SECRET_BYTES} bytes")
        self._secret = secret
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Claims:
        """Claims of a token that holds: signature, `exp`, `iat`, `iss`, `aud`, `sub`, `role` and `tenant_id`.

        Raises:
            NotAuthenticated: It does not; more than that is told only of a token whose signature holds.
        """
        if len(token) > MOST_TOKEN_BYTES or not token.isascii():
            raise NotAuthenticated(_INVALID)
        try:
            jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise NotAuthenticated("the token has expired; get a new one") from None
        except jwt.ImmatureSignatureError:
            raise NotAuthenticated("the token is of the future; compare the clocks") from None
        except jwt.MissingRequiredClaimError as error:
            raise NotAuthenticated(f"the token has no {error.claim}") from None
        except jwt.InvalidIssuerError:
            raise NotAuthenticated("the token is of another issuer (iss)") from None
        except jwt.InvalidAudienceError:
            raise NotAuthenticated("the token is for another audience (aud)") from None
        except jwt.PyJWTError:
            raise NotAuthenticated(_INVALID) from None
        return _claims(token)


def make_token(  # noqa: PLR0913 - a claim each
    secret: bytes,
    *,
    subject: str,
    role: TokenRole,
    tenant_id: str,
    issuer: str,
    audience: str,
    issued_at: int,
    lifetime_seconds: int,
) -> str:
    """Make a token, for development and tests; in production an identity provider does.

    Args:
        secret: The verifier's.
        subject: Who; a student's id for a student.
        role: What they are.
        tenant_id: Their school.
        issuer: `iss`.
        audience: `aud`.
        issued_at: Unix seconds.
        lifetime_seconds: Seconds until it expires.
    """
    claims = {
        "sub": subject,
        "role": role,
        "tenant_id": tenant_id,
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def _claims(token: str) -> Claims:
    """Claims of a token whose signature holds, each checked; a claim that stands twice is refused."""
    header, payload, _ = token.split(".")
    try:
        decode_strictly(_segment(header))
        decoded = decode_strictly(_segment(payload))
        claims = msgspec.convert(decoded, Claims)
        if claims.role == "student":
            msgspec.convert(claims.sub, StudentId)
    except InvalidInput as error:
        raise NotAuthenticated(f"the token cannot be read: {error.message}"[:_MOST_MESSAGE]) from None
    except msgspec.ValidationError as error:
        raise NotAuthenticated(f"a claim of the token cannot be used: {error}"[:_MOST_MESSAGE]) from None
    return claims


def _segment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
