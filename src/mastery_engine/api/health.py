"""A port for a process without the API that tells whether it lives and is ready: a worker's, or an archiver's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from mastery_engine.api import readiness
from mastery_engine.api.errors import add_handlers
from mastery_engine.api.heads import Heads
from mastery_engine.api.listening import listening, server_of, url_of
from mastery_engine.api.middleware import Surroundings
from mastery_engine.api.operation import ALWAYS
from mastery_engine.api.readiness import Watched, watched_of
from mastery_engine.api.routes.service import OPERATIONS
from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.watching import Duty, Watch
from mastery_engine.ports import Clock


class State(TypedDict):
    """What the lifespan hands to every request."""

    watched: Watched


def create_health_app(watched: Watched, clock: Clock) -> FastAPI:
    """The application: `/health` and `/ready`, as the service answers them.

    Args:
        watched: What there is to watch.
        clock: Stamps the answers.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[State]:
        del app
        yield {"watched": watched}

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.clock = clock
    app.include_router(readiness.router)
    served = [row for row in OPERATIONS if row.path in ALWAYS]
    add_handlers(app, served)
    app.add_middleware(Heads, operations=served)
    app.add_middleware(Surroundings)
    return app


def watch_at(host: str, port: int, announce: Callable[[str], None]) -> Watch:
    """Watch over a process at a port.

    Args:
        host: Address or name to listen on.
        port: Port; 0 takes a free one.
        announce: Told where it listens.
    """

    @asynccontextmanager
    async def watch(engine: Engine, duty: Duty) -> AsyncGenerator[None]:
        clock, advice = engine.adapters.clock, "choose another with --health-port, or MASTERY_HEALTH_HOST"
        consumer = engine.adapters.log.consumer(duty.group)
        try:
            with listening(host, port, advice) as listener:
                watched = watched_of(engine, duty.troubles, consumer, archives=duty.archives)
                server = server_of(engine.settings, create_health_app(watched, clock))
                served = asyncio.create_task(server.serve(sockets=[listener]), name="health")
                announce(f"health at {url_of(listener)}/health and /ready")
                try:
                    yield
                finally:
                    server.should_exit = True
                    await served
        finally:
            await consumer.close()

    return watch
