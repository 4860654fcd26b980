"""Settings of the doors: whose tokens hold, how much is let in, and how they are spoken to."""

from __future__ import annotations

from pydantic import Field

from mastery_engine.config.kinds import Networks, Origins, PublicAddress, RatesByRole, UserPath
from mastery_engine.config.secrets import SecretSettings


class DoorSettings(SecretSettings):
    """What the doors of a service ask and bear."""

    jwt_jwks_stale_seconds: int = Field(
        86_400,
        ge=600,
        le=604_800,
        description="how long the issuer's keys go on being used while it does not answer",
    )
    jwt_issuer: str = Field("mastery-engine", description="issuer that a token must name")
    jwt_audience: str = Field("mastery-api", description="audience that a token must name")
    limits_url: str = Field(
        "",
        description="where replicas count requests together: redis://HOST:PORT/0, or memory:// for each process alone; "
        "default: the Redis of the state, else of the cache, else memory://",
    )
    rates: RatesByRole = Field(
        default_factory=RatesByRole,
        description='requests in any 60 seconds by operation and role, in place of the usual: {"query": {"student": 10}}',
    )
    most_failed_tokens: int = Field(
        60, ge=1, le=100_000, description="tokens of one address that may fail in any 60 seconds"
    )
    most_requests: int = Field(
        200, ge=1, le=10_000, description="requests under way in a process; more are answered 503 at once"
    )
    most_requests_per_caller: int = Field(
        20,
        ge=1,
        le=10_000,
        description="requests of one caller under way in a process; more are answered 429",
    )
    most_connections: int = Field(
        5_000, ge=10, le=1_000_000, description="open connections of a process; more are closed at once"
    )
    most_late_seconds: float = Field(
        0.5,
        ge=0,
        le=60,
        description="how late the service may be in its own work before it answers 503 at once; 0: however late",
    )
    request_seconds: float = Field(
        30.0, gt=0, le=3_600, description="longest that a request may take; then it is answered 503"
    )
    trusted_proxies: Networks = Field(
        (),
        description="networks of the proxies whose X-Forwarded-For and -Proto are believed: 10.0.0.0/8, ...; default: none",
    )
    cors_origins: Origins = Field(
        (), description="origins whose pages may call the API: https://school.example, ...; default: none"
    )
    public_url: PublicAddress = Field(
        "",
        description="address under which callers reach the service, with the path that a proxy puts before it: "
        "https://school.example/mastery; default: as each request names it",
    )
    tls_cert_file: UserPath | None = Field(
        None, description="PEM file with the service's certificate and those between; then it speaks TLS"
    )
    tls_key_file: UserPath | None = Field(None, description="PEM file with its key")
    jwt_leeway_seconds: int = Field(
        30, ge=0, le=120, description="how far the clocks of those who sign and those who verify may be apart"
    )
    jwt_longest_seconds: int = Field(
        86_400, ge=60, le=2_678_400, description="longest time from a token's `iat` to its `exp`"
    )
