"""Verifying by an issuer's keys, with or without a secret beside them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from mastery_engine.adapters.auth import INVALID
from mastery_engine.bootstrap.tokens import Tokens, open_tokens
from mastery_engine.domain.errors import NotAuthenticated
from tests.api.school import StillClock, trial_settings


@asynccontextmanager
async def tokens(url: str, clock: StillClock | None = None, **settings: object) -> AsyncGenerator[Tokens]:
    given = trial_settings(jwt_jwks_url=url, **({"jwt_secret": None} | settings))
    async with open_tokens(given, clock or StillClock()) as opened:
        yield opened


async def refused(opened: Tokens, token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        await opened.verifier.verify(token)
    assert caught.value.message == INVALID
    return caught.value.reason
