"""Answers packed with gzip for those who take it, each under a tag of its own.

Packing tells the length of what it packs, from which one can guess a secret that stands beside text of the guesser's own
(BREACH). For that the guesser has to make somebody else's browser ask with that person's rights, over and over. No browser adds
a bearer token by itself, as it would a cookie, and no answer repeats the token: so there is nobody to ask, nothing to guess.
"""

from __future__ import annotations

from typing import Any, Final, final

from fastapi.middleware.gzip import GZipMiddleware
from starlette.datastructures import MutableHeaders

from mastery_engine.api.etags import GZIP_SUFFIX
from mastery_engine.api.middleware import App, Message, Receive, Scope, Send

SMALLEST: Final = 1_024
"""Bytes; what is smaller goes into one packet anyway."""
_LEVEL: Final = 5
_ETAG: Final = b"etag"


@final
class Compressed:
    """Packs what is worth it; a stream of events is not, for it would wait until a block is full."""

    def __init__(self, app: App) -> None:
        """Wrap an application."""
        self._app: Any = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if any(name == _ETAG for name, _ in headers):
                    # Of a short answer and of 304 too: the tag is of these bytes, or of packed ones.
                    _depends_on_packing(message)
                    headers = list(message["headers"])
                if (b"content-encoding", b"gzip") in headers:
                    # Other bytes need another strong tag; who sends it back is understood.
                    suffix = f'{GZIP_SUFFIX}"'.encode()
                    message["headers"] = [
                        (name, value[:-1] + suffix if name == _ETAG else value) for name, value in headers
                    ]
            await send(message)

        await self._app(scope, receive, send_tagged)


def _depends_on_packing(message: Message) -> None:
    headers = MutableHeaders(raw=list(message["headers"]))
    if "accept-encoding" not in headers.get("vary", "").lower():
        headers.add_vary_header("Accept-Encoding")
    message["headers"] = headers.raw
