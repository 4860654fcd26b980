"""Around every request: its id, the headers that every answer has, and the last net."""

from __future__ import annotations

import re
import time
from typing import Final, final
from uuid import uuid4

import structlog
from fastapi import Request

from mastery_engine.api.asgi import App, Message, Receive, Scope, Send
from mastery_engine.api.bodies import CallerGone
from mastery_engine.api.envelope import JSON, failure, failure_body, meta_at
from mastery_engine.api.errors import route_of, unexpected
from mastery_engine.api.metrics import Metrics

REQUEST_ID: Final = "X-Request-ID"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_ONLY_TLS: Final = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)
"""Said where the caller came by TLS, to us or to a proxy that is trusted; said in plain, it is not to be believed."""
_MALFORMED: Final = (
    "this is no HTTP/1.1, or its headers are too long or its chunks too many; nothing was done"
)
_log: Final = structlog.get_logger(__name__)


@final
class Surroundings:
    """Gives each request an id, each answer its headers, and each surprise an envelope."""

    def __init__(self, app: App, metrics: Metrics | None = None) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            metrics: Count the answers; None where nobody asks for them.
        """
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = _given_id(scope)
        request_id = given or uuid4().hex
        scope.setdefault("state", {}).update(
            request_id=request_id, own_request_id=given is None, answer_headers=()
        )
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(scope, message, request_id)
            await send(message)

        began = time.perf_counter()
        request = Request(scope, receive)
        try:
            if _is_ambiguous(scope):
                message = "send Content-Length or Transfer-Encoding, and not both"
                refused = failure(request, "VALIDATION_ERROR", message, headers={"Connection": "close"})
                await refused(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except CallerGone:
            pass
        except Exception as error:
            response = unexpected(request, error)
            if status is not None:
                raise
            await response(scope, receive, send_with_headers)
        finally:
            seconds, route = time.perf_counter() - began, route_of(request)
            if self._metrics is not None:
                self._metrics.answered(scope["method"], route, status, seconds)
            _log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1_000, 3),
            )


def malformed(now_ms: int, *, by_tls: bool) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of the answer, 400, to what is no request, and so has neither id nor route.

    Args:
        now_ms: When.
        by_tls: Whether it came by TLS.
    """
    request_id = uuid4().hex
    body = failure_body("VALIDATION_ERROR", _MALFORMED, (), meta_at(now_ms, request_id))
    headers = [
        (b"content-type", JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (REQUEST_ID.lower().encode(), request_id.encode()),
        *_HEADERS,
        *(_ONLY_TLS if by_tls else ()),
    ]
    return headers, body


def _with_headers(scope: Scope, message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
    """Those of the answer, then what every answer has and this one does not say otherwise."""
    own: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
    names = {name for name, _ in own}
    every = _HEADERS + _ONLY_TLS if scope.get("scheme") == "https" else _HEADERS
    return [
        *own,
        (REQUEST_ID.lower().encode(), request_id.encode()),
        *scope["state"]["answer_headers"],
        *(header for header in every if header[0] not in names),
    ]


def _is_ambiguous(scope: Scope) -> bool:
    """Whether it tells its end twice: a proxy may have read it otherwise, and what follows be another's (RFC 9112, 6.1)."""
    names = {name for name, _ in scope["headers"]}
    return {b"content-length", b"transfer-encoding"} <= names


def _given_id(scope: Scope) -> str | None:
    """The caller's own id, if it is a sane one."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return given[0].decode()
    return None
