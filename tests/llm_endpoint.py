"""An endpoint for chat completions, made of Python's own HTTP server in threads: as good or as bad as a test wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request as it came over the wire."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def sentence(self) -> str:
        return str(self.body["messages"][-1]["content"])


class Answer(NamedTuple):
    """What is sent back.

    Attributes:
        status: Of the answer.
        body: Its bytes.
        headers: Beside the length.
        waits: Hold it until the endpoint ends, after the head and the body have left: more bytes are promised.
        trickles: While it waits, send a space now and then.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    waits: bool = False
    trickles: bool = False


def completion(text: Any, tokens: Any = 180) -> Answer:
    """A chat completion as the protocol has it."""
    usage = {} if tokens is None else {"usage": {"prompt_tokens": 1, "total_tokens": tokens}}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    told = {"id": "c-1", "object": "chat.completion", "choices": [choice], **usage}
    return Answer(body=json.dumps(told).encode())


class Endpoint:
    """Where it is, what it was asked, and what it answers.

    Attributes:
        url: As the setting has it.
        asked: Every request.
        answer: Makes the answer to a sentence.
    """

    def __init__(self, url: str, answer: Callable[[str], Answer]) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.answer: Callable[[str], Answer] = answer
        self.over = threading.Event()

    def says(self, say: Callable[[str], str]) -> None:
        """From now on, answer with these words."""
        self.answer = lambda sentence: completion(say(sentence))


def friendly(sentence: str) -> str:
    """Other words that hold the same."""
    return f"Here is a thought: {sentence[0].lower()}{sentence[1:]}"


@contextmanager
def endpoint(answer: Callable[[str], Answer] | None = None) -> Generator[Endpoint]:
    """An endpoint on this machine; without an answer given, a good one."""
    served: Endpoint

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
            served.asked.append(asked)
            answer = served.answer(asked.sentence)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) + 10_000 * answer.waits))
                self.end_headers()
                self.wfile.write(answer.body)
                if answer.waits:
                    self.wfile.flush()
                    while not served.over.wait(0.05 if answer.trickles else None):
                        self.wfile.write(b" ")
                        self.wfile.flush()
            except ConnectionError:
                pass  # whoever asked has hung up, as it may

        def do_GET(self) -> None:
            served.asked.append(Asked(self.path, {}, b""))
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Endpoint(
            f"http://127.0.0.1:{server.server_port}/v1", answer or (lambda one: completion(friendly(one)))
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            served.over.set()
            server.shutdown()
            thread.join()
