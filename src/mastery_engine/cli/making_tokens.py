"""Tokens of the command line: made for development only, and what is revoked by their names."""

from __future__ import annotations

from uuid import uuid4

from msgspec import Struct

from mastery_engine.adapters.auth import Subject, TokenId, TokenRole, make_token
from mastery_engine.config import Settings
from mastery_engine.contracts.field_words import text_problems
from mastery_engine.domain.errors import ConfigurationError, InvalidInput
from mastery_engine.domain.events import StudentId, TenantId


class MadeToken(Struct, frozen=True, kw_only=True):
    """A token for development.

    Attributes:
        token: To be sent as `Authorization: Bearer TOKEN`.
        token_id: Its `jti`, by which it can be revoked.
        subject: Who.
        role: What they are.
        tenant_id: Their school.
        expires_at: Until when, Unix seconds.
    """

    token: str
    token_id: str
    subject: str
    role: TokenRole
    tenant_id: str
    expires_at: int


def development_token(
    settings: Settings, subject: str, role: TokenRole, tenant_id: str, issued_at: int, lifetime_seconds: int
) -> MadeToken:
    """Make one.

    Args:
        settings: What is in force.
        subject: Who; a student's id for a student.
        role: What they are.
        tenant_id: Their school.
        issued_at: Unix seconds.
        lifetime_seconds: Until it expires.

    Raises:
        ConfigurationError: This is production, or there is no secret.
        InvalidInput: The service would not take such a token.
    """
    if settings.env == "production":
        raise ConfigurationError(
            "tokens are made here in development only (MASTERY_ENV is production); your sign-on makes them"
        )
    settings.check_secrets()
    if not settings.jwt_secrets:
        raise ConfigurationError(
            "MASTERY_JWT_SECRET is not set: set one that `mastery serve` has too; without one, it prints a token of its own"
        )
    lifetime_seconds = min(lifetime_seconds, settings.jwt_longest_seconds)
    _check("SUBJECT", subject, StudentId if role == "student" else Subject)
    _check("--tenant", tenant_id, TenantId)
    token_id = str(uuid4())
    token = make_token(
        settings.jwt_secrets[0],
        subject=subject,
        role=role,
        tenant_id=tenant_id,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        issued_at=issued_at,
        lifetime_seconds=lifetime_seconds,
        token_id=token_id,
    )
    return MadeToken(
        token=token,
        token_id=token_id,
        subject=subject,
        role=role,
        tenant_id=tenant_id,
        expires_at=issued_at + lifetime_seconds,
    )


def check_revocable(token_id: str | None, subject: str | None) -> None:
    """Refuse names that no token has.

    Raises:
        InvalidInput: One is none.
    """
    if token_id is not None:
        _check("--id", token_id, TokenId)
    if subject is not None:
        _check("--subject", subject, Subject)


def _check(field: str, value: str, kind: object) -> None:
    if problems := tuple(text_problems(field, kind, value)):
        raise InvalidInput.of(*problems)
