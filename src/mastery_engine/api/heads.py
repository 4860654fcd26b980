"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2).

Access, record and limits are those of GET, since all of it is done but the sending. A stream has no end and an export is made
to be read, so these have no HEAD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from starlette.routing import compile_path

from mastery_engine.api.asgi import App, Message, Receive, Scope, Send
from mastery_engine.api.operation import EVENT_STREAM, ZIP, Operation

_LONG: Final = frozenset({ZIP, EVENT_STREAM})


def has_head(operation: Operation) -> bool:
    """Whether it can be asked for its head alone."""
    return operation.method == "get" and _LONG.isdisjoint(operation.answers_with)


@final
class Heads:
    """Lets HEAD be answered by whoever answers GET."""

    def __init__(self, app: App, operations: Sequence[Operation]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            operations: All that is served.
        """
        self._app = app
        self._paths = [compile_path(one.path)[0] for one in operations if has_head(one)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or not any(path.match(scope["path"]) for path in self._paths):
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        as_get = dict(scope, method="GET")
        try:
            await self._app(as_get, receive, send_head)
        finally:
            # Found by the router, and wanted by those around this one.
            scope.update((name, as_get[name]) for name in ("route", "endpoint") if name in as_get)
