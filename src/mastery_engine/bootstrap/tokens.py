"""What tokens are verified with, from the settings."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mastery_engine.adapters.auth import KeySource, Policy, SharedSecrets, TokenVerifier
from mastery_engine.bootstrap.extras import require
from mastery_engine.config import Settings
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Clock

_NEEDED = ("httpx", "cryptography")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What verifies, and what is to be watched of it.

    Attributes:
        verifier: Verifies.
        pings: By name, what returns while there are keys.
        degraded: By name, why older keys are used than there should be.
    """

    verifier: TokenVerifier
    pings: Mapping[str, Callable[[], Awaitable[None]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[None]]]
    )
    degraded: Mapping[str, Callable[[], str | None]] = field(
        default_factory=dict[str, Callable[[], str | None]]
    )


def check_tokens(settings: Settings) -> None:
    """Refuse settings by which no token could be verified safely; nothing is opened.

    Raises:
        ConfigurationError: A secret is missing or too short, the address of the issuer's keys is not safe, or what
            reads them is not installed.
    """
    settings.check_secrets()
    if not settings.checks_tokens:
        raise ConfigurationError(
            "MASTERY_JWT_SECRET is required; `mastery serve` makes one for a trial by itself"
        )
    if settings.jwt_jwks_url:
        require("jwks", _NEEDED, "MASTERY_JWT_JWKS_URL")


@asynccontextmanager
async def open_tokens(settings: Settings, clock: Clock) -> AsyncGenerator[Tokens]:
    """What verifies tokens under these settings, as long as it is open.

    Args:
        settings: What is in force.
        clock: Tells what has expired.

    Raises:
        ConfigurationError: See `check_tokens`.
    """
    check_tokens(settings)
    policy = Policy(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway_seconds=settings.jwt_leeway_seconds,
        longest_seconds=settings.jwt_longest_seconds,
    )
    sources: list[KeySource] = [SharedSecrets(settings.jwt_secrets)] if settings.jwt_secrets else []
    if not settings.jwt_jwks_url:
        yield Tokens(TokenVerifier(sources, policy, clock))
        return
    # Only where they are needed: they bring an HTTP client and cryptography.
    from mastery_engine.adapters.auth.fetching import KeyFetcher  # noqa: PLC0415 - see above
    from mastery_engine.adapters.auth.issuer_keys import IssuerKeys  # noqa: PLC0415 - see above

    fetcher = KeyFetcher(settings.jwt_jwks_url)
    keys = IssuerKeys(fetcher.fetch, fetcher.close, clock, settings.jwt_jwks_stale_seconds)
    verifier = TokenVerifier([*sources, keys], policy, clock)
    try:
        yield Tokens(verifier, {"issuer": keys.ping}, {"issuer_keys": keys.trouble})
    finally:
        await verifier.close()


async def published_algorithms(settings: Settings) -> list[str]:
    """The algorithm of each key that the issuer publishes now, asked once.

    Args:
        settings: They name an issuer.

    Raises:
        ConfigurationError: What reads keys is not installed.
        DependencyDown: The issuer gives none that can be used.
    """
    require("jwks", _NEEDED, "MASTERY_JWT_JWKS_URL")
    from mastery_engine.adapters.auth.fetching import KeyFetcher  # noqa: PLC0415 - as above

    fetcher = KeyFetcher(settings.jwt_jwks_url)
    try:
        return [key.algorithm for key in await fetcher.fetch()]
    finally:
        await fetcher.close()
