"""The least that such a service does: the same server, and an application that answers fixed bytes."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any, cast

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.api.listening import listening, server_of, url_of
from mastery_engine.config import load_settings


def application(answer: bytes) -> Any:
    """An application that answers so."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body", False):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    # What listens tells the time of what is no request by the application's clock.
    cast("Any", app).state = SimpleNamespace(clock=SystemClock())
    return app


async def serve(answer: bytes) -> None:
    """Serve until the process is ended."""
    with listening("127.0.0.1", 0) as listener:
        server = server_of(load_settings(), application(answer))
        server.config.lifespan = "off"
        sys.stderr.write(f"serving {url_of(listener)}\n")
        sys.stderr.flush()
        await server.serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(serve(bytes.fromhex(sys.argv[1])))
