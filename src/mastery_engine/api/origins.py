"""Pages of other origins: closed, but to those that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware

from mastery_engine.api.asgi import App

ASKED: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "X-Mastery-Position",
    "X-Request-ID",
)
"""Headers that a page may send."""
TOLD: Final = (
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Mastery-Position",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
)
"""Headers that a page may read."""
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_KEPT_SECONDS: Final = 600


def with_origins(app: App, origins: Sequence[str]) -> App:
    """The application for pages of exactly these origins. No cookie is ever taken or sent, so no credentials are allowed.

    Args:
        app: What answers.
        origins: None of them: nothing is said, on which a browser keeps every page out.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=ASKED,
        expose_headers=TOLD,
        max_age=_KEPT_SECONDS,
    )
