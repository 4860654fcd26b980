"""An app for a sidecar: it remembers what it was asked, and answers as the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class PlainApp:
    """Answers 200 and nothing, unless told otherwise for a path."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Callable[[Asked], tuple[int, object]]] = {}
        self.port = 0

    def at(self, path: str) -> list[Asked]:
        """What it was asked there."""
        return [one for one in self.asked if one.path == path]

    def answer(self, asked: Asked) -> tuple[int, object]:
        self.asked.append(asked)
        if asked.path in self.answers:
            return self.answers[asked.path](asked)
        # What a sidecar asks an app that has no subscriptions and no actors.
        return (404 if asked.path.startswith("/dapr/") else 200), {}


@contextmanager
def plain_app() -> Generator[PlainApp]:
    """One that listens on a port of the loopback."""
    app = PlainApp()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told = app.answer(
                Asked(self.command, self.path, headers, json.loads(raw) if raw else None)
            )
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called there
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        app.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield app
        finally:
            server.shutdown()
            thread.join()
