"""The service about itself: what it is, and how it is asked. Whether it is ready, `readiness` tells."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine import __version__
from mastery_engine.api.envelope import JSON, success
from mastery_engine.api.models import Failure, Success
from mastery_engine.api.operation import PLAIN, Operation
from mastery_engine.api.parts import check_accept
from mastery_engine.contracts.service import Health, Readiness, ServiceInfo

OPENAPI: Final = "/openapi.json"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get("/")
async def info(request: Request) -> Response:
    """What answers here."""
    about = ServiceInfo(name="Mastery Engine", version=__version__, api="/api/v1", openapi=OPENAPI)
    return success(request, about)


@router.get(OPENAPI)
async def openapi(request: Request) -> Response:
    """This API, described."""
    return Response(request.app.state.document(), media_type=JSON)


OPERATIONS: Final = (
    Operation("info", "get", "/", "service", "Service info", "What answers here.", "ServiceInfoAnswer"),
    Operation(
        "health",
        "get",
        "/health",
        "service",
        "Liveness",
        "Whether the process lives; no dependency is asked.",
        "HealthAnswer",
    ),
    Operation(
        "ready",
        "get",
        "/ready",
        "service",
        "Readiness",
        "Whether store, log, archive and (on Kafka) the schema registry answer, and the worker of this process (if it "
        "has one) folds. With 503, `details` name what is down and since when this process has seen it so, and tell the "
        "lag. A worker and an archiver answer this and `/health` too, at their health port.",
        "ReadinessAnswer",
        errors=(*PLAIN, "SERVICE_UNAVAILABLE"),
    ),
    Operation("openapi", "get", "/openapi.json", "service", "This document", "OpenAPI 3.1.", None),
)
TYPES: Final[dict[str, Any]] = {
    "ServiceInfoAnswer": Success[ServiceInfo],
    "HealthAnswer": Success[Health],
    "ReadinessAnswer": Success[Readiness],
    "Error": Failure,
}
"""Names in the document and the types behind them."""
