"""The API to look at and try out in a browser: Swagger UI, with nothing from another host."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from msgspec import Meta, Struct

from mastery_engine.api.errors import no_such_route
from mastery_engine.api.operation import Operation

PAGE: Final = "/docs"
_HTML: Final = "text/html"
_MEDIA_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
    "start.js": "text/javascript",
}
_OURS: Final = frozenset({"start.js"})
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing written into the page itself; `data:` is what the style sheet's own icons are."""
router: Final = APIRouter()


class AssetParameters(Struct, frozen=True, kw_only=True):
    """Of a part of the page."""

    asset: Annotated[str, Meta(extra_json_schema={"enum": list(_MEDIA_TYPES)}, description="Which part")]


@router.get(PAGE)
async def explorer() -> Response:
    """The page."""
    page = files("mastery_engine.api.explorer").joinpath("index.html").read_bytes()
    return Response(page, media_type=_HTML, headers={"Content-Security-Policy": _POLICY})


@router.get(f"{PAGE}/{{asset}}")
async def asset(request: Request, asset: str) -> Response:
    """A part of it."""
    media_type = _MEDIA_TYPES.get(asset)
    if media_type is None:
        raise no_such_route()
    is_packed = "gzip" in request.headers.get("accept-encoding", "") and not media_type.startswith("image/")
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    # The first time takes a while, which others need not wait for.
    content = await run_in_threadpool(_content, asset, packed=is_packed)
    return Response(content, media_type=media_type, headers=headers)


@cache
def _content(name: str, *, packed: bool) -> bytes:
    """The bytes of a part, kept: packing the largest takes longer than all else of an answer."""
    if name in _OURS:
        content = files("mastery_engine.api.explorer").joinpath(name).read_bytes()
    else:
        import fastapi_offline  # noqa: PLC0415 - needed by this page only

        content = files(fastapi_offline).joinpath("static", name).read_bytes()
    return gzip.compress(content, mtime=0) if packed else content


OPERATIONS: Final = (
    Operation(
        "explorer",
        "get",
        PAGE,
        "service",
        "This document, to look at and try out",
        "Swagger UI, of which nothing comes from another host.",
        None,
        errors=("INTERNAL_ERROR",),
        answers_with=(_HTML,),
    ),
    Operation(
        "explorer_asset",
        "get",
        f"{PAGE}/{{asset}}",
        "service",
        "A part of that page",
        "Scripts, style and icon.",
        None,
        errors=("NOT_FOUND", "INTERNAL_ERROR"),
        parameters=AssetParameters,
        answers_with=tuple(dict.fromkeys(_MEDIA_TYPES.values())),
    ),
)
TYPES: Final[dict[str, Any]] = {}
"""Names in the document and the types behind them."""
