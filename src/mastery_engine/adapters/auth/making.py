"""Making tokens: for development, trials and tests; in production an identity provider does."""

from __future__ import annotations

import jwt

from mastery_engine.adapters.auth.claims import TokenRole
from mastery_engine.adapters.auth.shared_secrets import ALGORITHM, name_of


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
    token_id: str | None = None,
) -> str:
    """Make a token.

    Args:
        secret: The verifier's.
        subject: Who; a student's id for a student.
        role: What they are.
        tenant_id: Their school.
        issuer: `iss`.
        audience: `aud`.
        issued_at: Unix seconds.
        lifetime_seconds: Seconds until it expires.
        token_id: `jti`, by which it can be revoked; None leaves it out.
    """
    claims: dict[str, object] = {
        "sub": subject,
        "role": role,
        "tenant_id": tenant_id,
        "iss": issuer,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
    }
    if token_id is not None:
        claims["jti"] = token_id
    return jwt.encode(claims, secret, algorithm=ALGORITHM, headers={"kid": name_of(secret)})
