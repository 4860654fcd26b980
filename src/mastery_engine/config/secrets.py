"""Settings that are secrets, and what decides how well they must be kept."""

from __future__ import annotations

import os
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

DAPRS_OWN: Final = "APP_API_TOKEN"
"""The variable in which a sidecar is told the token that it sends to its application."""


def _daprs_own() -> SecretStr | None:
    token = os.environ.get(DAPRS_OWN)
    return SecretStr(token) if token else None


class SecretSettings(BaseSettings):
    """By what callers and students' hashes are known."""

    env: Literal["development", "production"] = Field(
        "development", description="production refuses to start without the secrets that it needs"
    )
    pseudonym_key: SecretStr | None = Field(
        None, description="key of the hashes that stand for students; embedded: made under the home"
    )
    dapr_app_token: SecretStr | None = Field(
        default_factory=_daprs_own,
        description="token by which the Dapr sidecar is known, at least 32 bytes in production, where its doors are closed "
        f"without one; default: {DAPRS_OWN}, which the sidecar reads too",
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="token of who may read GET /metrics, at least 32 bytes; default: callers on the same machine need none",
    )
    jwt_secret: SecretStr | None = Field(
        None, description="secret of HS256 tokens, at least 32 bytes; signs and verifies"
    )
    jwt_secrets_old: SecretStr | None = Field(
        None,
        description="up to 4 earlier secrets with commas between them, whose tokens still hold; each at least 32 bytes",
    )
    jwt_jwks_url: str = Field(
        "",
        description="where the issuer publishes its public keys, for RS256 and ES256 tokens; https, in development also "
        "http on this machine",
    )
