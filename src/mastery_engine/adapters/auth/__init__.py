"""Tokens: verified, and made for development."""

from mastery_engine.adapters.auth.tokens import (
    LEEWAY_SECONDS,
    MOST_TOKEN_BYTES,
    Claims,
    TokenRole,
    TokenVerifier,
    make_token,
)

__all__ = ["LEEWAY_SECONDS", "MOST_TOKEN_BYTES", "Claims", "TokenRole", "TokenVerifier", "make_token"]
