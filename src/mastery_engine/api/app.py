"""The application: made by a call, opened by its lifespan."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from mastery_engine import __version__
from mastery_engine.adapters.auth import TokenVerifier
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.api.errors import add_handlers
from mastery_engine.api.middleware import Surroundings
from mastery_engine.api.openapi import document, document_bytes
from mastery_engine.api.parts import Parts
from mastery_engine.api.positions import Positions
from mastery_engine.api.readiness import Watched, watched_of
from mastery_engine.api.seats import Seats
from mastery_engine.api.table import ROUTERS
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.dapr_doors import deliveries_of
from mastery_engine.bootstrap.watching import Trouble
from mastery_engine.config import Settings
from mastery_engine.domain.errors import ConfigurationError


class State(TypedDict):
    """What the lifespan hands to every request."""

    parts: Parts
    watched: Watched


def create_app(settings: Settings, engine: Engine | None = None, trouble: Trouble | None = None) -> FastAPI:
    """Make the application; nothing is opened before its lifespan.

    Args:
        settings: What is in force; a secret for tokens among them.
        engine: An open engine, which stays open; None opens and closes one with the lifespan.
        trouble: Why the worker of this process does not fold just now, for `/ready`; None without one.

    Raises:
        ConfigurationError: A secret is missing or too short.
    """
    tokens = verifier_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[State]:
        async with AsyncExitStack() as stack:
            opened = engine or await stack.enter_async_context(open_engine(settings, serves=True))
            app.state.clock = opened.adapters.clock
            consumer = opened.adapters.log.consumer(opened.group)
            stack.push_async_callback(consumer.close)
            positions = Positions(opened.adapters.log, consumer, opened.adapters.clock)
            troubles = {} if trouble is None else {"worker": trouble}
            yield {
                "parts": Parts(opened, tokens, positions, deliveries_of(opened), app.state.seats),
                "watched": watched_of(opened, troubles, consumer, archives=True),
            }

    app = FastAPI(
        title="Mastery Engine",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.clock = engine.adapters.clock if engine else SystemClock()
    app.state.seats = Seats()
    app.openapi = document
    app.state.document = document_bytes
    for router in ROUTERS:
        app.include_router(router)
    add_handlers(app)
    app.add_middleware(Surroundings)
    return app


def verifier_of(settings: Settings) -> TokenVerifier:
    """What verifies tokens under these settings.

    Raises:
        ConfigurationError: A secret is missing or too short.
    """
    settings.check_secrets()
    if settings.jwt_secret is None:
        raise ConfigurationError(
            "MASTERY_JWT_SECRET is required; `mastery serve` makes one for a trial by itself"
        )
    secret = settings.jwt_secret.get_secret_value().encode()
    return TokenVerifier(secret, settings.jwt_issuer, settings.jwt_audience)
