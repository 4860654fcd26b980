"""An issuer of tokens: a real server on this machine that gives its keys, in time or not, and whatever else it is told to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.integration.certificates import Certificates

PATH = "/keys"


@dataclass
class Issuer:
    """What the server is to do.

    Attributes:
        url: Of the keys.
        body: What it answers.
        status: With which status.
        headers: And which further headers.
        asked: Paths that were asked for.
        hold: Until this is set, answers wait.
    """

    url: str = ""
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[str] = field(default_factory=list[str])
    hold: threading.Event = field(default_factory=threading.Event)

    def give(self, *jwks: dict[str, Any]) -> None:
        self.body, self.status = json.dumps({"keys": jwks}).encode(), 200


@contextmanager
def issuer(certificates: Certificates | None = None) -> Generator[Issuer]:
    """A server until the end of the block.

    Args:
        certificates: Its own, for https.
    """
    told = Issuer()
    told.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            told.hold.wait(30)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            try:
                self.wfile.write(told.body)
            except OSError:
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in its base
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificates is None else "https"
    told.url = f"{scheme}://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        told.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
