"""A real server, and bytes that are no HTTP, or more of it than anybody needs."""

from __future__ import annotations

import gzip
import json
import re
import resource

import pytest

from mastery_engine.api.connections import MOST_CHUNKS, MOST_HEAD_BYTES, MOST_HEADERS
from tests.api.on_sockets import QUERY, running

MIB = 1 << 20
NO_LONGER_READ = "Invalid HTTP request received."
"""The one line of the log."""


def told(answer: bytes) -> tuple[int, str]:
    """Status and code of the one answer, in its envelope and with the headers of every answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"x-content-type-options: nosniff" in head.lower()
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)["error"]["code"]


NO_HTTP = {
    "no version": b"GET /health\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "nul in the path": b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes in the path": b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n",
    "nul in a header": b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "many headers": b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"A:\r\n" * MOST_HEADERS + b"\r\n",
    "very many headers": b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-A: aaaaaaa\r\n" * 2_200 + b"\r\n",
    "a long header": b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * MOST_HEAD_BYTES + b"\r\n\r\n",
    "a length below 0": b"POST /process HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    "a long length": b"POST /process HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
    "packed chunks": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "odd chunks": b"POST /process HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01" * 40,
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
async def test_what_is_no_http_is_answered_in_the_envelope_and_hung_up_on(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(log_level="warning") as server:
        stream = await server.connect(sent)
        assert told(await stream.rest()) == (400, "VALIDATION_ERROR")
        await stream.close()
    assert [one.message for one in caplog.records] == [NO_LONGER_READ]


@pytest.mark.parametrize(
    "head", [b"", b"\r\n" + b"A: b\r\n" * MOST_HEADERS], ids=["odd chunks", "many headers"]
)
async def test_who_wants_no_body_gets_none_with_the_refusal(head: bytes) -> None:
    async with running() as server:
        chunked = b"HEAD /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + head.rstrip()
        stream = await server.connect(chunked + b"\r\n\r\nzz\r\n\r\n")
        answer = await stream.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.endswith(b"\r\n\r\n")
        await stream.close()


async def test_nonsense_after_an_early_answer_leaves_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(log_level="warning") as server:
        head = b"POST /api/v1/mastery/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        stream = await server.connect(head + b"Transfer-Encoding: chunked\r\n\r\n")
        assert (await stream.reader.readuntil(b"}}")).startswith(b"HTTP/1.1 401")
        stream.writer.write(b"zz\r\n\r\n")
        assert await stream.rest() == b""
        await stream.close()
    assert [one.message for one in caplog.records] == [NO_LONGER_READ]


@pytest.mark.parametrize("known", [True, False])
async def test_a_body_of_very_many_small_chunks_is_not_read_to_its_end(
    caplog: pytest.LogCaptureFixture, *, known: bool
) -> None:
    async with running(log_level="warning") as server:
        head = server.head() if known else server.head().replace(b"Authorization", b"X-Other")
        stream = await server.connect(head)
        if not known:
            assert (await stream.reader.readuntil(b"}}")).startswith(b"HTTP/1.1 401")
        stream.writer.write(b"1\r\n \r\n" * (2 * MOST_CHUNKS))
        await stream.rest()
        await stream.close()
        assert (await server.school.http.get("/health")).status_code == 200
    assert NO_LONGER_READ in [one.message for one in caplog.records]


async def test_as_many_chunks_as_are_allowed_are_a_body_like_any() -> None:
    async with running() as server:
        chunks = b"1\r\n \r\n" * (MOST_CHUNKS - 1) + b"2\r\n{}\r\n0\r\n\r\n"
        for _ in range(2):
            stream = await server.connect(server.head() + chunks + server.head(2) + b"{}")
            for _ in range(2):
                assert b'"student_id"' in await stream.reader.readuntil(b"}}")
            await stream.close()


async def test_requests_sent_one_behind_the_other_are_answered_in_their_order() -> None:
    async with running() as server:
        asked = [f"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-ID: n{n}\r\n\r\n".encode() for n in range(50)]
        stream = await server.connect(b"".join(asked) + b"GET /health HTTP/1.0\r\n\r\n")
        answers = await stream.rest()
        assert [int(n) for n in re.findall(rb'"request_id":"n(\d+)"', answers)] == list(range(50))
        assert answers.count(b"HTTP/1.1 200 ") == 51
        await stream.close()


async def test_a_packed_body_is_refused_unread_however_small_it_came() -> None:
    async with running() as server:
        bomb = gzip.compress(b"[" * (100 * MIB))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        headers = server.school.bearer("head", "admin") | {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        answer = await server.school.http.post(QUERY, content=bomb, headers=headers)
        assert answer.status_code == 415
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
