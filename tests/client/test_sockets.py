"""Both clients on real sockets: what is sent again, under which key and token, and what is never sent or kept."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.client import AsyncClient, Call, Client, RateLimited, Retries, UnexpectedAnswer, calls
from mastery_engine.client.call import enveloped
from mastery_engine.domain.errors import DependencyDown, InvalidInput
from tests.api.school import quiz
from tests.integration.certificates import certificates

SECRET = "a-token-that-nobody-may-see"
AT_ONCE = Retries(first_seconds=0.0)
GOOD = b'{"success":true,"data":7,"meta":{}}'
SEVEN: Call[int] = Call("GET", "/api/v1/students/amal/seven", enveloped(int))
Token = str | Callable[[], str]
Send = Callable[[str, Token, Call[Any]], Any]


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def refused(status: str, code: str, *headers: str) -> bytes:
    return answer(status, b'{"error":{"code":"%s","message":"no"}}' % code.encode(), *headers)


@dataclass
class Scripted:
    """A server that answers as it was told, one connection after the other, and keeps what it was sent."""

    url: str
    heads: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> None:
        """Return once so many requests have come."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.bodies) >= count, 60)

    def header(self, name: str) -> list[str]:
        lines = [line for head in self.heads for line in head.split("\r\n")]
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name}: ")]


@contextlib.contextmanager
def scripted(*answers: bytes) -> Generator[Scripted]:
    """Serve these answers; an empty one closes the connection without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, answers, server), daemon=True)
        thread.start()
        yield server
        thread.join(10)
        assert not thread.is_alive(), "every answer was asked for"


def _serve(listener: socket.socket, answers: Sequence[bytes], server: Scripted) -> None:
    for one in answers:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            head = "".join(line.decode() for line in iter(lines.readline, b"\r\n"))
            server.heads.append(head)
            length = server.header("content-length")[-1] if "content-length" in head.lower() else "0"
            body = lines.read(int(length))
            with server.came:
                server.bodies.append(body)
                server.came.notify_all()
            if one == SILENT:
                lines.read()
                continue
            # The client may have gone before it read all.
            with contextlib.suppress(OSError):
                connection.sendall(one)


SILENT = b"silent"
"""In place of an answer: nothing comes, until the client has gone."""


def in_step(url: str, token: Token, call: Call[Any]) -> Any:
    with Client(url, token, retries=AT_ONCE) as client:
        return client.send(call)


def in_the_loop(url: str, token: Token, call: Call[Any]) -> Any:
    async def send() -> Any:
        async with AsyncClient(url, token, retries=AT_ONCE) as client:
            return await client.send(call)

    return asyncio.run(send())


@pytest.fixture(params=[in_step, in_the_loop])
def send(request: pytest.FixtureRequest) -> Send:
    return request.param


def test_too_many_overload_and_a_closed_connection_are_borne_and_the_token_is_asked_for_each_time(
    send: Send,
) -> None:
    told = (
        refused("429 Too Many Requests", "RATE_LIMITED", "retry-after: 0"),
        refused("503 Service Unavailable", "SERVICE_UNAVAILABLE", "retry-after: 0"),
        b"",
        answer("200 OK", GOOD),
    )
    numbers = count(1)
    with scripted(*told) as server:
        assert send(server.url, lambda: f"token-{next(numbers)}", SEVEN) == 7
    assert server.header("authorization") == [f"Bearer token-{number}" for number in range(1, 5)]


def test_an_answer_that_breaks_off_is_asked_for_again(send: Send) -> None:
    cut = answer("200 OK", GOOD).replace(b"content-length: ", b"content-length: 9")
    with scripted(cut, answer("200 OK", GOOD)) as server:
        assert send(server.url, SECRET, SEVEN) == 7


def test_a_server_that_says_nothing_is_left_and_asked_again() -> None:
    with (
        scripted(SILENT, answer("200 OK", GOOD)) as server,
        Client(server.url, SECRET, retries=AT_ONCE, timeout_seconds=0.5) as client,
    ):
        assert client.send(SEVEN) == 7


def test_what_must_not_be_done_twice_is_sent_once_to_a_server_that_misbehaves(send: Send) -> None:
    once = SEVEN.once()
    for told in (b"", refused("503 Service Unavailable", "SERVICE_UNAVAILABLE", "retry-after: 0")):
        with scripted(told) as server, pytest.raises(DependencyDown):
            send(server.url, SECRET, once)
        assert len(server.heads) == 1


def test_a_wait_told_as_a_date_is_kept(send: Send) -> None:
    when = ("date: Mon, 02 Mar 2026 10:00:00 GMT", "retry-after: Mon, 02 Mar 2026 10:00:00 GMT")
    late = refused("503 Service Unavailable", "SERVICE_UNAVAILABLE", *when)
    with scripted(late, answer("200 OK", GOOD)) as server:
        assert send(server.url, SECRET, SEVEN) == 7


def test_each_try_of_an_ingest_has_the_same_key_and_body(send: Send) -> None:
    body = b'{"data":{"accepted":1,"refused":0,"position":"p","results":[]}}'
    under_way = refused("409 Conflict", "CONFLICT", "retry-after: 0")
    with scripted(b"", under_way, answer("202 Accepted", body)) as server:
        assert send(server.url, SECRET, calls.ingest([quiz()])).accepted == 1
    assert len(set(server.header("idempotency-key"))) == 1
    assert len(server.header("idempotency-key")) == 3
    assert len(set(server.bodies)) == 1


def test_a_redirect_is_not_followed_so_that_the_token_stays_where_it_was_meant_for(send: Send) -> None:
    with scripted() as elsewhere:
        moved = answer("307 Temporary Redirect", b"", f"location: {elsewhere.url}/")
        with scripted(moved) as server, pytest.raises(UnexpectedAnswer, match="307"):
            send(server.url, SECRET, SEVEN)
    assert len(server.heads) == 1


def test_an_answer_longer_than_any_is_not_kept(send: Send) -> None:
    short: Call[int] = Call("GET", "/api/v1/students/amal/seven", enveloped(int), most_bytes=len(GOOD) - 1)
    with scripted(answer("200 OK", GOOD)) as server, pytest.raises(UnexpectedAnswer, match="longer than"):
        send(server.url, SECRET, short)


def test_neither_token_nor_student_stand_in_what_is_raised_or_shown(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DependencyDown) as caught:
        send(url, SECRET, SEVEN)
    with Client(url, SECRET) as client:
        for text in (repr(client), str(vars(client)), repr(SEVEN), str(caught.value), repr(caught.value)):
            assert SECRET not in text
            assert "amal" not in text


def test_who_is_refused_for_longer_than_wanted_is_told_how_long(send: Send) -> None:
    late = refused("429 Too Many Requests", "RATE_LIMITED", "retry-after: 60")
    with scripted(late) as server, pytest.raises(RateLimited) as caught:
        send(server.url, SECRET, SEVEN)
    assert caught.value.retry_after == 60.0


def test_a_server_whose_certificate_nobody_vouches_for_is_sent_no_token(send: Send, tmp_path: Path) -> None:
    made = certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    read: list[bytes] = []

    def listen(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(ssl.SSLError, ConnectionError):
                    read.append(context.wrap_socket(connection, server_side=True).recv(1))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
        with pytest.raises(DependencyDown, match=r"certificate is not trusted .*SSL_CERT_FILE"):
            send(f"https://127.0.0.1:{listener.getsockname()[1]}", SECRET, SEVEN)
        # It wakes the thread, which ends with its listener.
        listener.shutdown(socket.SHUT_RDWR)
    assert read == []


@pytest.mark.parametrize(
    "server", ["school.example", "ftp://school.example", "https://me:word@school.example"]
)
def test_an_address_that_is_none_is_refused_without_telling_a_password(server: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Client(server, SECRET)
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/", ""])
def test_the_address_of_the_api_is_taken_for_that_of_its_service(send: Send, path: str) -> None:
    with scripted(answer("200 OK", GOOD)) as server:
        assert send(f"{server.url}{path}", SECRET, SEVEN) == 7
    (head,) = server.heads
    assert head.startswith("GET /api/v1/students/amal/seven HTTP/1.1")
