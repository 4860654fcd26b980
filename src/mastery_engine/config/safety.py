"""What settings must be for a service to be safe: secrets long enough, and keys fetched from nowhere else than named."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from mastery_engine.config.addresses import is_loopback, without_secrets
from mastery_engine.config.secrets import DAPRS_OWN, SecretSettings
from mastery_engine.domain.errors import ConfigurationError

SHORTEST_SECRET_BYTES: Final = 32
MOST_OLD_SECRETS: Final = 4
SHORTEST_PSEUDONYM_KEY_BYTES: Final = 16
LONGEST_PSEUDONYM_KEY_BYTES: Final = 64
FEWEST_DIFFERENT_CHARACTERS: Final = 10
"""32 random letters and digits have fewer about once in a billion times; what somebody typed often has."""
_SAMPLE: Final = re.compile("change.?me|change.?this|replace.?me|secret|example|password", re.IGNORECASE)
"""What stands in documentation and samples, which everybody knows."""
_HOW_TO_MAKE: Final = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def secrets_of(settings: SecretSettings) -> tuple[bytes, ...]:
    """Secrets of HS256 tokens: the one that signs, then the earlier ones; none without one that signs."""
    if settings.jwt_secret is None:
        return ()
    return settings.jwt_secret.get_secret_value().encode(), *_old_secrets(settings)


def check_secrets(settings: SecretSettings) -> None:
    """Refuse secrets that are missing or too short, and in production those that could be guessed.

    Raises:
        ConfigurationError: One is; the message says how to make one.
    """
    if settings.jwt_secret is not None:
        _check_long("MASTERY_JWT_SECRET", _size(settings.jwt_secret))
        _check_guessable("MASTERY_JWT_SECRET", settings.jwt_secret.get_secret_value(), settings.env)
    elif settings.env == "production" and not settings.jwt_jwks_url:
        raise ConfigurationError(f"MASTERY_JWT_SECRET is required in production; {_HOW_TO_MAKE}")
    _check_old_secrets(settings)
    token = settings.dapr_app_token
    if settings.env == "production" and token is not None:
        _check_long(f"MASTERY_DAPR_APP_TOKEN (or {DAPRS_OWN})", _size(token))
        _check_guessable(f"MASTERY_DAPR_APP_TOKEN (or {DAPRS_OWN})", token.get_secret_value(), settings.env)
    if settings.metrics_token is not None:
        _check_long("MASTERY_METRICS_TOKEN", _size(settings.metrics_token))
        _check_guessable("MASTERY_METRICS_TOKEN", settings.metrics_token.get_secret_value(), settings.env)
    check_pseudonym_key(settings.pseudonym_key, settings.env)


def check_jwks(settings: SecretSettings) -> None:
    """Refuse an address of the issuer's keys that somebody on the way could answer for.

    Raises:
        ConfigurationError: It is not https, nor http on this machine in development; or holds what no address of keys does.
    """
    url = settings.jwt_jwks_url
    if not url:
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.scheme not in {"https", "http"} or "@" in parts.netloc or parts.fragment:
        raise ConfigurationError(
            f"MASTERY_JWT_JWKS_URL = {without_secrets(url)!r} is no address of keys; "
            "write it like https://HOST/PATH, without user and password"
        )
    if parts.scheme == "http" and not (settings.env == "development" and is_loopback(host)):
        raise ConfigurationError(
            f"MASTERY_JWT_JWKS_URL = {without_secrets(url)!r} must be https: by http, whoever sits on the way signs "
            "tokens; http is taken in development from this machine only"
        )


def check_pseudonym_key(key: SecretStr | None, env: str) -> None:
    """Refuse a key of the students' hashes that would not hide them, or that would be cut.

    Raises:
        ConfigurationError: It is too short or too long, or in production one that could be guessed.
    """
    if key is None:
        return
    size = _size(key)
    if size < SHORTEST_PSEUDONYM_KEY_BYTES:
        bound = f"fewer than {SHORTEST_PSEUDONYM_KEY_BYTES}"
    elif size > LONGEST_PSEUDONYM_KEY_BYTES:
        bound = f"more than {LONGEST_PSEUDONYM_KEY_BYTES}"
    else:
        _check_guessable("MASTERY_PSEUDONYM_KEY", key.get_secret_value(), env)
        return
    raise ConfigurationError(f"MASTERY_PSEUDONYM_KEY has {bound} bytes; {_HOW_TO_MAKE}")


def _check_old_secrets(settings: SecretSettings) -> None:
    old = _old_secrets(settings)
    if old and settings.jwt_secret is None:
        raise ConfigurationError("MASTERY_JWT_SECRETS_OLD is set without MASTERY_JWT_SECRET; set that too")
    if len(old) > MOST_OLD_SECRETS:
        raise ConfigurationError(
            f"MASTERY_JWT_SECRETS_OLD holds {len(old)} secrets; at most {MOST_OLD_SECRETS} are tried with each token"
        )
    for one in old:
        _check_long("MASTERY_JWT_SECRETS_OLD", len(one))
        _check_guessable("MASTERY_JWT_SECRETS_OLD", one.decode(), settings.env)


def _old_secrets(settings: SecretSettings) -> tuple[bytes, ...]:
    if settings.jwt_secrets_old is None:
        return ()
    text = settings.jwt_secrets_old.get_secret_value()
    return tuple(one.strip().encode() for one in text.split(",") if one.strip())


def _check_long(name: str, size: int) -> None:
    if size < SHORTEST_SECRET_BYTES:
        raise ConfigurationError(f"{name} has fewer than {SHORTEST_SECRET_BYTES} bytes; {_HOW_TO_MAKE}")


def _check_guessable(name: str, text: str, env: str) -> None:
    """In production, refuse what is long and known all the same: one character over and over, or the text of a sample."""
    if env != "production":
        return
    if len(set(text)) < FEWEST_DIFFERENT_CHARACTERS:
        reason = f"has fewer than {FEWEST_DIFFERENT_CHARACTERS} different characters"
    elif found := _SAMPLE.search(text):
        reason = f"holds {found[0]!r}, as texts of samples do"
    else:
        return
    raise ConfigurationError(f"{name} could be guessed: it {reason}; {_HOW_TO_MAKE}")


def _size(secret: SecretStr) -> int:
    return len(secret.get_secret_value().encode())
