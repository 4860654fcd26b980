"""Metrics for Prometheus: told to who has their token, and without one to callers on this machine alone."""

from __future__ import annotations

import asyncio
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import SecretStr

from mastery_engine.api.envelope import clock_of
from mastery_engine.api.errors import CredentialsMissing, Refusal
from mastery_engine.api.metrics import MEDIA_TYPE, Moment, metrics_of
from mastery_engine.api.operation import Operation
from mastery_engine.api.parts import PartsNeeded, bearer_of
from mastery_engine.api.readiness import PING_SECONDS, WatchedNeeded, ping_reasons
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.ports import OpenRequests

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "via")
router: Final = APIRouter()


@router.get("/metrics")
async def metrics(request: Request, parts: PartsNeeded, watched: WatchedNeeded) -> Response:
    """What this process has counted, and how it stands."""
    _check_allowed(request, parts.engine.settings.metrics_token)
    reasons, waiting = await asyncio.gather(ping_reasons(watched), _open_requests(parts))
    up = {name: reason is None for name, reason in reasons.items()}
    up |= {name: trouble() is None for name, trouble in {**watched.troubles, **watched.degraded}.items()}
    cached = parts.engine.cached
    counts: CacheCounts | None = None if cached is None else cached.counts
    moment = Moment(clock_of(request).now_ms(), up, waiting, counts)
    return Response(metrics_of(request).told(moment), media_type=MEDIA_TYPE)


async def _open_requests(parts: PartsNeeded) -> list[OpenRequests] | None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            return await parts.engine.erasures.oldest_open()
    except (DependencyDown, TimeoutError):
        # That it is down stands among the dependencies; a number that nobody knows is not made up.
        return None


def _check_allowed(request: Request, token: SecretStr | None) -> None:
    if token is not None:
        if not compare_digest(bearer_of(request).encode(), token.get_secret_value().encode()):
            raise CredentialsMissing("this is not the token of the metrics; see MASTERY_METRICS_TOKEN")
        return
    if not _is_local(request):
        raise Refusal(
            "FORBIDDEN",
            "without a token, metrics are told to callers on this machine alone; set MASTERY_METRICS_TOKEN",
        )


def _is_local(request: Request) -> bool:
    """Whether the caller is on this machine, and speaks for nobody else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


OPERATIONS: Final = (
    Operation(
        "metrics",
        "get",
        "/metrics",
        "service",
        "Metrics",
        "What this process has counted since it began, as Prometheus reads it: requests by route and status, and how long "
        "they took; which dependencies answer; requests of persons that are open, and the age of the oldest; the caches. "
        "Without `MASTERY_METRICS_TOKEN` it is told to callers on the same machine alone.",
        None,
        errors=("AUTH_ERROR", "FORBIDDEN", "INTERNAL_ERROR"),
        asks_for=("metrics",),
        answers_with=("text/plain",),
    ),
)
TYPES: Final[dict[str, Any]] = {}
"""Names in the document and the types behind them."""
