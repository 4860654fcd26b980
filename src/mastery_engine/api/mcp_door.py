"""The tools for language models over HTTP, under `/mcp`: the same tokens, rights, limits and record as on every route.

Each request is answered by itself, with JSON: nothing is kept between two of them, so that any replica may answer. They are
no rows of the table, since a protocol of its own says what goes in and out (see docs/reference/mcp.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast, final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from mastery_engine.api.asgi import Message, Receive, Scope, Send
from mastery_engine.api.bodies import read_body
from mastery_engine.api.errors import Refusal, challenged
from mastery_engine.api.metrics import metrics_of
from mastery_engine.api.operation import Operation
from mastery_engine.api.parts import bearer_of, caller_by, parts_of
from mastery_engine.config import Settings
from mastery_engine.config.addresses import is_loopback
from mastery_engine.domain.errors import MasteryError, NotAuthenticated
from mastery_engine.engine.access import Caller
from mastery_engine.mcp.asking import Asking

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH: Final = "/mcp"
METADATA: Final = "/.well-known/oauth-protected-resource"
MOST_BYTES: Final = 256 << 10
_ASKING: Final = "asking"
# More than all tools together let pass, so that who calls them meets theirs, which a model is told of.
LIMITED: Final = Operation("mcp", "post", PATH, "mcp", "Whatever is sent", "", None, rate=300)
"""Whatever comes is counted with it; a call of a tool also with the route that does the same."""

TOLD: Final = tuple(
    Operation("protected_resource", "get", path, "mcp", "Where tokens come from", "", None)
    for path in (f"{METADATA}{PATH}", METADATA)
)
"""What is told to everybody. A client looks under the whole path of the resource first (RFC 9728, section 3.1)."""


@final
class TooOften(MasteryError):
    """The caller comes too often, as a tool's result tells it."""

    code = "RATE_LIMITED"


@final
class McpDoor:
    """Takes requests while its manager runs; without the extra `mcp` it says what is missing."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is opened yet."""
        self._settings = settings
        self._manager: StreamableHTTPSessionManager | None = None

    def add_to(self, app: FastAPI) -> None:
        """Add the routes to an application."""
        app.router.routes.append(_Named(PATH, self._answer, methods=["POST"]))
        for one in TOLD:
            app.router.routes.append(_Named(one.path, self._metadata, methods=["GET"]))

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Take requests until the end of the block."""
        if find_spec("mcp") is None:
            yield
            return
        from mcp.server.streamable_http_manager import (  # noqa: PLC0415 - an extra
            StreamableHTTPSessionManager as Manager,
        )

        from mastery_engine.mcp.server import server_of  # noqa: PLC0415 - as above

        manager = Manager(
            server_of(lambda context: cast("Request", context.request).scope["state"][_ASKING]),
            json_response=True,
            stateless=True,
            max_request_body_size=MOST_BYTES,
        )
        ready, over = asyncio.Event(), asyncio.Event()

        async def run() -> None:
            async with manager.run():
                ready.set()
                await over.wait()

        # A task of its own: what runs in it must be left in the task that entered it, and a lifespan may be closed by another.
        running = asyncio.create_task(run(), name="tools for language models")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set():
            waiting.cancel()
            # It is over before it was ready: what went wrong is told to whoever starts the service.
            await running
        self._manager = manager
        try:
            yield
        finally:
            self._manager = None
            over.set()
            await running

    async def _answer(self, request: Request) -> Response:
        manager = self._installed()
        self._check_origin(request)
        try:
            caller = await caller_by(request, bearer_of(request))
        except NotAuthenticated as error:
            # A client learns from it who issues tokens (RFC 9728, section 5.1).
            where = f"{self._base(request)}{METADATA}{PATH}"
            return challenged(request, error, f', resource_metadata="{where}"')
        parts = parts_of(request)
        # Before the body, as on the routes: whatever it holds and however slowly it comes, it has a place of its caller's.
        await parts.limits.admit(request, caller)
        body = await read_body(request, MOST_BYTES, "one message of JSON-RPC 2.0")

        async def admit(caller: Caller, name: str) -> None:
            try:
                await parts.limits.count(request, caller, name)
            except Refusal as refusal:
                raise TooOften(refusal.message) from None

        request.scope["state"][_ASKING] = Asking(parts.engine, caller, admit, metrics_of(request).tool_called)
        return _Handed(manager, body)

    def _installed(self) -> StreamableHTTPSessionManager:
        """What takes requests.

        Raises:
            Refusal: There is nothing.
        """
        if self._manager is None:
            raise Refusal(
                "NOT_FOUND", "tools for language models are not installed: pip install 'mastery-engine[mcp]'"
            )
        return self._manager

    def _check_origin(self, request: Request) -> None:
        """Refuse a page of another origin: its browser would send what it was told to from inside a school's network.

        Raises:
            Refusal: The request comes from such a page.
        """
        origin = request.headers.get("origin")
        if origin is not None and origin not in {*self._settings.cors_origins, self._own_origin(request)}:
            raise Refusal("FORBIDDEN", "pages of this origin may not call here; see MASTERY_CORS_ORIGINS")

    def _own_origin(self, request: Request) -> str | None:
        """That of our own pages; None where nobody can tell, for `Host` says what a page's name was made to mean."""
        public = urlsplit(self._settings.public_url)
        if public.netloc:
            return f"{public.scheme}://{public.netloc}"
        host = request.headers.get("host", "")
        return f"{request.url.scheme}://{host}" if is_loopback(request.url.hostname or "") else None

    async def _metadata(self, request: Request) -> Response:
        """Where tokens come from (RFC 9728)."""
        self._installed()
        told: dict[str, Any] = {
            "resource": f"{self._base(request)}{PATH}",
            "resource_name": "Mastery Engine",
            "bearer_methods_supported": ["header"],
        }
        if urlsplit(self._settings.jwt_issuer).scheme in {"https", "http"}:
            told["authorization_servers"] = [self._settings.jwt_issuer]
        return JSONResponse(told)

    def _base(self, request: Request) -> str:
        return self._settings.public_url or str(request.base_url).rstrip("/")


@final
class _Named(Route):
    """A route that limits, log and metrics can name; by itself only those of FastAPI say which they are."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is asked, and what the request is then told to be for."""
        match, told = super().matches(scope)
        return match, told if match is Match.NONE else {**told, "route": self}


@final
class _Handed(Response):
    """An answer that the protocol's own server gives."""

    def __init__(self, manager: StreamableHTTPSessionManager, body: bytes) -> None:
        super().__init__()
        self._manager = manager
        self._read: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over, with the body that was read."""

        async def read_then_receive() -> Message:
            return self._read.pop() if self._read else await receive()

        await self._manager.handle_request(scope, read_then_receive, send)
