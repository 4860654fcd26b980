"""The service about itself: what it is, and how it is asked. Whether it is ready, `readiness` tells."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine import __version__
from mastery_engine.api.envelope import JSON, success
from mastery_engine.api.models import ServiceInfo
from mastery_engine.api.openapi import document_bytes
from mastery_engine.api.parts import check_accept

OPENAPI: Final = "/openapi.json"
router: Final = APIRouter(dependencies=[Depends(check_accept)])


@router.get("/")
async def info(request: Request) -> Response:
    """What answers here."""
    about = ServiceInfo(name="Mastery Engine", version=__version__, api="/api/v1", openapi=OPENAPI)
    return success(request, about)


@router.get(OPENAPI)
async def openapi() -> Response:
    """This API, described."""
    return Response(document_bytes(), media_type=JSON)
