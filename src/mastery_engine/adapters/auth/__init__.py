"""Tokens: verified, and made for development."""

from mastery_engine.adapters.auth.claims import MOST_SUBJECT, Claims, Policy, Subject, TokenId, TokenRole
from mastery_engine.adapters.auth.compact import INVALID, MOST_TOKEN_BYTES
from mastery_engine.adapters.auth.key_source import KeySource
from mastery_engine.adapters.auth.making import make_token
from mastery_engine.adapters.auth.shared_secrets import SharedSecrets, name_of
from mastery_engine.adapters.auth.verifier import TokenVerifier

__all__ = [
    "INVALID",
    "MOST_SUBJECT",
    "MOST_TOKEN_BYTES",
    "Claims",
    "KeySource",
    "Policy",
    "SharedSecrets",
    "Subject",
    "TokenId",
    "TokenRole",
    "TokenVerifier",
    "make_token",
    "name_of",
]
