"""What was revoked, as it is told."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

HOLDS_WITHIN_SECONDS: Final = 1.0


class Revocation(Struct, frozen=True, kw_only=True):
    """What was revoked.

    Attributes:
        tenant_id: Whose token.
        token_id: The `jti`, null where all of somebody's tokens were revoked.
        subject: Whose tokens, null where one was revoked by its id.
        not_before: Tokens of the subject with an `iat` at or before this moment (Unix seconds) hold no longer.
        kept_until: Until when that is known, Unix seconds: by then such tokens have expired by themselves.
        holds_within_seconds: How long a process may still take them.
    """

    tenant_id: str
    token_id: str | None = None
    subject: str | None = None
    not_before: int | None = None
    kept_until: int
    holds_within_seconds: float = HOLDS_WITHIN_SECONDS
