"""A real server, and people who take their time, send too much, or are too many."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from fastapi import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from mastery_engine.adapters.auth import make_token
from mastery_engine.api import connections
from mastery_engine.api.app import create_app
from mastery_engine.api.connections import MOST_HEAD_BYTES
from mastery_engine.api.listening import server_of, tls_of
from mastery_engine.api.parameters import read_parameters
from mastery_engine.contracts.request_fields import MOST_PROBLEMS
from mastery_engine.domain.errors import ConfigurationError, InvalidInput
from tests.api.on_sockets import QUERY, Running, running
from tests.api.school import SECRET, trial_settings
from tests.integration.certificates import certificates

MIB = 1 << 20


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b"])
async def test_who_does_not_come_to_the_end_of_the_headers_is_hung_up_on(sent: bytes) -> None:
    async with running() as server:
        stream = await server.connect(sent)
        assert await stream.rest() == b""
        await stream.close()


@pytest.mark.usefixtures("hurried")
async def test_nor_does_it_help_to_have_asked_before() -> None:
    async with running() as server:
        stream = await server.connect(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await stream.reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
        stream.writer.write(b"GET /health HT")
        assert await stream.rest() == b""
        await stream.close()


@pytest.mark.usefixtures("hurried")
async def test_a_request_that_has_come_may_take_its_time() -> None:
    async with running() as server:
        stream = await server.connect(server.head(2)[:-2])
        stream.writer.write(b"\r\n")
        await stream.writer.drain()
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(0.15, late.set)
        await late.wait()
        stream.writer.write(b"{}")
        assert (await stream.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400")
        await stream.close()


async def test_headers_without_end_are_refused() -> None:
    async with running() as server:
        endless = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * (2 * MOST_HEAD_BYTES)
        stream = await server.connect(endless)
        assert (await stream.rest()).startswith(b"HTTP/1.1 400")
        await stream.close()


def test_of_very_many_parameters_some_are_told() -> None:
    class Nothing(msgspec.Struct):
        pass

    many = "&".join(f"a{number}=1" for number in range(3_000)).encode()
    request = Request({"type": "http", "query_string": many, "path_params": {}})
    with pytest.raises(InvalidInput) as refused:
        read_parameters(request, Nothing)
    assert len(refused.value.problems) == MOST_PROBLEMS


async def test_a_body_of_very_many_unknown_names_has_a_short_answer() -> None:
    async with running() as server:
        names = {f"n{number}": 1 for number in range(50_000)}
        answer = await server.school.post("query", names, server.school.bearer("head", "admin"))
        assert answer.status_code == 400
        assert len(answer.content) < 64 << 10


async def test_of_very_many_unknown_parts_of_process_some_are_told() -> None:
    async with running() as server:
        names = {f"n{number}": 1 for number in range(50_000)}
        answer = await server.school.http.post("/process", json=names)
        assert answer.status_code == 400
        assert len(answer.content) < 64 << 10


async def test_a_long_word_where_one_of_a_few_is_meant_is_not_said_again() -> None:
    async with running() as server:
        asked = {"student_id": "amal", "start": "2026-02-23", "aggregation": "x" * 900_000}
        answer = await server.school.ask("analytics/mastery-history", asked)
        assert answer.status_code == 400
        assert len(answer.content) < 8 << 10


@pytest.mark.parametrize("length", [4, 60])
async def test_behind_a_request_that_tells_its_end_in_two_ways_nothing_is_answered(length: int) -> None:
    async with running() as server:
        ambiguous = server.head(length).removesuffix(b"\r\n") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        stream = await server.connect(ambiguous + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        answers = await stream.rest()
        assert answers.startswith(b"HTTP/1.1 400 ")
        assert answers.count(b"HTTP/1.1 ") == 1
        await stream.close()


@pytest.mark.parametrize("path", [QUERY, "/api/v1/mastery/ingest", "/process"])
@pytest.mark.parametrize("length", [100 * MIB, None])
async def test_a_body_of_100_mib_is_refused_early_and_never_held(path: str, length: int | None) -> None:
    async with running() as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        stream = await server.connect(server.head(length, path))
        sent, piece = 0, b"[" * (64 << 10)
        chunk = piece if length else b"%x\r\n%s\r\n" % (len(piece), piece)
        try:
            while sent < 100 * MIB and not stream.reader.at_eof():
                stream.writer.write(chunk)
                await stream.writer.drain()
                sent += len(piece)
        except ConnectionError:
            pass
        assert sent < 40 * MIB
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
        await stream.close()


async def test_the_refusal_of_a_large_body_arrives() -> None:
    async with running() as server:
        headers = server.school.bearer("head", "admin") | {"Content-Type": "application/json"}
        answer = await server.school.http.post(QUERY, content=b"[" * (2 * MIB), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_caller_who_drops_leaves_no_trace() -> None:
    async with running(most_requests=1, most_requests_per_caller=1) as server:
        for _ in range(3):
            stream = await server.connect(server.head(1_000) + b"{")
            await stream.writer.drain()
            stream.writer.transport.abort()
        answer = await server.school.query({"student_id": "amal"})
        while answer.status_code in {429, 503}:  # the server hears of it a moment later
            answer = await server.school.query({"student_id": "amal"})
        assert answer.status_code == 404


async def test_of_too_many_connections_the_last_are_closed() -> None:
    async with running(most_connections=10) as server:
        ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        streams = [await server.connect() for _ in range(10)]
        for stream in streams:
            stream.writer.write(ask)
            assert (await stream.reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
        extra = await server.connect(ask)
        assert await extra.rest() == b""
        for stream in (*streams, extra):
            await stream.close()


@pytest.fixture
async def by_tls(tmp_path: Path) -> AsyncIterator[Running]:
    made = certificates(tmp_path)
    async with running(tls_cert_file=made.certificate, tls_key_file=made.key) as server:
        yield server


async def test_tls_is_spoken_with_the_certificate_that_is_set(by_tls: Running, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    async with httpx2.AsyncClient(base_url=f"https://127.0.0.1:{by_tls.port}", verify=context) as http:
        answer = await http.get("/health")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_tls_before_1_2_is_refused(by_tls: Running) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", by_tls.port, ssl=context)


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    broken = tmp_path / "broken.pem"
    broken.write_text("nonsense")
    for given in (
        {"tls_cert_file": made.certificate},
        {"tls_key_file": made.key},
        {"tls_cert_file": made.certificate, "tls_key_file": tmp_path / "nowhere.pem"},
        {"tls_cert_file": broken, "tls_key_file": made.key},
        {"tls_cert_file": made.authority, "tls_key_file": made.key},
    ):
        with pytest.raises(ConfigurationError, match="MASTERY_TLS_KEY_FILE"):
            tls_of(trial_settings(**given))


def test_nobody_needs_a_longer_head_than_is_taken() -> None:
    token = make_token(
        SECRET.encode(),
        subject="a" * 50,
        role="student",
        tenant_id="t" * 50,
        issuer="i" * 100,
        audience="a" * 100,
        issued_at=0,
        lifetime_seconds=1,
    )
    assert len(token) < MOST_HEAD_BYTES // 4


def test_h11_speaks_http_whatever_else_is_installed() -> None:
    # Its state is what the bounds above look at; uvicorn alone would take httptools where that is there.
    spoken = server_of(trial_settings(), create_app(trial_settings())).config.http
    assert isinstance(spoken, type)
    assert issubclass(spoken, H11Protocol)
