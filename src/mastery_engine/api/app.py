"""The application: made by a call, opened by its lifespan."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TypedDict

from fastapi import FastAPI

from mastery_engine import __version__
from mastery_engine.adapters.clock import SystemClock
from mastery_engine.api.admission import Doorkeeper
from mastery_engine.api.compression import Compressed
from mastery_engine.api.errors import add_handlers
from mastery_engine.api.guessers import Guessers
from mastery_engine.api.heads import Heads
from mastery_engine.api.lag import LoopLag
from mastery_engine.api.limits import CallerLimits, Rates
from mastery_engine.api.mcp_door import LIMITED, TOLD, McpDoor
from mastery_engine.api.metrics import Metrics
from mastery_engine.api.middleware import Surroundings
from mastery_engine.api.openapi import document, document_bytes
from mastery_engine.api.origins import with_origins
from mastery_engine.api.parts import Parts
from mastery_engine.api.positions import Positions
from mastery_engine.api.proxies import Proxies
from mastery_engine.api.readiness import Watched, watched_of
from mastery_engine.api.seats import Seats
from mastery_engine.api.table import OPERATIONS, ROUTERS
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.dapr_doors import deliveries_of
from mastery_engine.bootstrap.limits import limiting_of, limits_troubles
from mastery_engine.bootstrap.tokens import check_tokens, open_tokens
from mastery_engine.bootstrap.watching import Trouble
from mastery_engine.config import Settings


class State(TypedDict):
    """What the lifespan hands to every request."""

    parts: Parts
    watched: Watched


def create_app(
    settings: Settings,
    engine: Engine | None = None,
    trouble: Trouble | None = None,
    tasks: Mapping[str, Callable[[], str | None]] | None = None,
) -> FastAPI:
    """Make the application; nothing is opened before its lifespan.

    Args:
        settings: What is in force; a secret for tokens among them.
        engine: An open engine, which stays open; None opens and closes one with the lifespan.
        trouble: Why the worker of this process does not fold just now, for `/ready`; None without one.
        tasks: By name of what this process does beside answering (`background`), why it does not just now; for `/ready`.

    Raises:
        ConfigurationError: A secret is missing or too short, or a rate is set for what has none.
    """
    check_tokens(settings)
    rates = Rates((*OPERATIONS, LIMITED), settings.rates)
    lag, tools = LoopLag(settings.most_late_seconds), McpDoor(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[State]:
        async with AsyncExitStack() as stack:
            opened = engine or await stack.enter_async_context(open_engine(settings, serves=True))
            app.state.clock = opened.adapters.clock
            tokens = await stack.enter_async_context(open_tokens(settings, opened.adapters.clock))
            consumer = opened.adapters.log.consumer(opened.group)
            stack.push_async_callback(consumer.close)
            positions = Positions(opened.adapters.log, consumer, opened.adapters.clock)
            troubles = {} if trouble is None else {"worker": trouble}
            limiting = limiting_of(opened, stack)
            limits = CallerLimits(rates, limiting, settings.most_requests_per_caller)
            guessers = Guessers(opened.adapters.clock, settings.most_failed_tokens)
            stack.enter_context(lag.watched())
            await stack.enter_async_context(tools.opened())
            watched = watched_of(opened, troubles, consumer, archives=True, tasks=tasks, tokens=tokens)
            yield {
                "parts": Parts(
                    opened,
                    tokens.verifier,
                    positions,
                    deliveries_of(opened),
                    limits,
                    guessers,
                    app.state.seats,
                ),
                "watched": replace(watched, degraded={**watched.degraded, **limits_troubles(limiting)}),
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
    app.state.metrics = metrics = Metrics()
    app.openapi = document
    app.state.document = document_bytes
    for router in ROUTERS:
        app.include_router(router)
    tools.add_to(app)
    add_handlers(app, (*OPERATIONS, LIMITED, *TOLD))
    app.add_middleware(Compressed)
    # Around packing: the head is that of the packed answer.
    app.add_middleware(Heads, operations=OPERATIONS)
    # The last one is the first that a request comes to.
    app.add_middleware(Doorkeeper, most=settings.most_requests, seconds=settings.request_seconds, lag=lag)
    app.add_middleware(with_origins, origins=settings.cors_origins)
    app.add_middleware(Surroundings, metrics=metrics)
    if settings.trusted_proxies:
        app.add_middleware(Proxies, trusted=settings.trusted_proxies)
    return app
