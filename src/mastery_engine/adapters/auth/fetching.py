"""Fetching an issuer's keys: from the one address that is named, bounded in size and time."""

from __future__ import annotations

import asyncio
from typing import Final, final

import httpx

from mastery_engine.adapters.auth.jwks import KeysUnreadable, PublicKey, public_keys
from mastery_engine.adapters.shared.bounded_body import UNCOMPRESSED, UnfitBody, bounded_body
from mastery_engine.domain.errors import DependencyDown

MOST_SECONDS: Final = 5.0
MOST_BYTES: Final = 256 * 1024
_OK: Final = 200


@final
class KeyFetcher:
    """Fetches the keys; a redirect is not followed, since it could lead to anybody's."""

    def __init__(self, url: str) -> None:
        """Take the address.

        Args:
            url: Of a JWK set; by https but for tests and development.
        """
        self._url = url
        self._client: httpx.AsyncClient | None = None

    async def fetch(self) -> list[PublicKey]:
        """The keys as they are now.

        Raises:
            DependencyDown: The issuer does not answer in time, or with no keys that can be used.
        """
        try:
            async with asyncio.timeout(MOST_SECONDS):
                return public_keys(await self._body())
        except TimeoutError:
            raise _down(f"it took longer than {MOST_SECONDS:g} s") from None
        except KeysUnreadable as error:
            raise _down(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise _down(type(error).__name__) from None

    async def close(self) -> None:
        """Close connections; idempotent."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _body(self) -> bytes:
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, timeout=MOST_SECONDS)
        headers = {"Accept": "application/jwk-set+json, application/json", **UNCOMPRESSED}
        async with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code != _OK:
                raise KeysUnreadable(f"it answered {answer.status_code}")
            try:
                return await bounded_body(answer, MOST_BYTES)
            except UnfitBody as error:
                raise KeysUnreadable(f"what it sent is {error}") from None


def _down(reason: str) -> DependencyDown:
    return DependencyDown(f"the issuer of tokens gives no keys (MASTERY_JWT_JWKS_URL): {reason}")
