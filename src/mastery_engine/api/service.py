"""The service about itself: what it is, whether it lives, whether it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request, Response

from mastery_engine import __version__
from mastery_engine.api.envelope import JSON, RETRY_SECONDS, failure, success
from mastery_engine.api.models import Dependency, Detail, Health, Readiness, ServiceInfo
from mastery_engine.api.openapi import document_bytes
from mastery_engine.api.parts import PartsNeeded, check_accept
from mastery_engine.domain.errors import DependencyDown

PING_SECONDS: Final = 2.0
OPENAPI: Final = "/openapi.json"
_log: Final = structlog.get_logger(__name__)
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get("/")
async def info(request: Request) -> Response:
    """What answers here."""
    about = ServiceInfo(name="Mastery Engine", version=__version__, api="/api/v1", openapi=OPENAPI)
    return success(request, about)


@router.get("/health")
async def health(request: Request) -> Response:
    """Whether the process lives; no dependency is asked."""
    return success(request, Health())


@router.get("/ready")
async def ready(request: Request, parts: PartsNeeded) -> Response:
    """Whether everything that the service needs answers."""
    adapters = parts.engine.adapters
    pings = {"store": adapters.store.ping(), "log": adapters.log.ping(), "archive": adapters.archive.ping()}
    reasons = dict(zip(pings, await asyncio.gather(*map(_ping, pings.values())), strict=True))
    if parts.trouble is not None:
        reasons["worker"] = parts.trouble()
    down = {name: reason for name, reason in reasons.items() if reason is not None}
    if not down:
        up = tuple(Dependency(name=name, status="up") for name in reasons)
        return success(request, Readiness(status="ready", dependencies=up))
    _log.warning("not ready", request_id=request.state.request_id, **down)
    if parts.engine.settings.env == "production":
        # Reasons name files and hosts, and this route asks for no token.
        down = dict.fromkeys(down, "is down; the log of the service tells why")
    details = tuple(Detail(field=name, value="down", rule=reason) for name, reason in down.items())
    message = f"not ready: {', '.join(down)}"
    return failure(request, DependencyDown.code, message, details, {"Retry-After": str(RETRY_SECONDS)})


@router.get(OPENAPI)
async def openapi() -> Response:
    """This API, described."""
    return Response(document_bytes(), media_type=JSON)


async def _ping(ping: Awaitable[None]) -> str | None:
    """Why something does not answer, None if it does."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            await ping
    except DependencyDown as error:
        return error.message
    except TimeoutError:
        return f"did not answer within {PING_SECONDS:g} s"
    return None
