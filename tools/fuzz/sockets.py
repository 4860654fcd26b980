"""What no HTTP library would send: requests written byte by byte."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from tools.fuzz.people import OTHER, OWN
from tools.fuzz.run import Run

SOCKETS: Final = "sockets"
_SECONDS: Final = 5.0
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_GET: Final = f"/api/v1/students/{OWN}/mastery"
_HIDDEN: Final = b"GET /api/v1/privacy/requests HTTP/1.1\r\nHost: hidden\r\n\r\n"
"""Smuggled behind what an ambiguous request says is its end; whatever answers it has read on where it must not."""
Request = Callable[[bytes, Random], bytes]


def _get(path: str = _GET, method: str = "GET", version: str = "HTTP/1.1", *lines: bytes) -> Request:
    def make(bearer: bytes, _chance: Random) -> bytes:
        head = f"{method} {path} {version}\r\nHost: school\r\nConnection: close\r\n".encode("latin-1")
        return head + bearer + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    return make


def _post(*lines: bytes, body: bytes) -> Request:
    def make(bearer: bytes, _chance: Random) -> bytes:
        head = b"POST /api/v1/mastery/query HTTP/1.1\r\nHost: school\r\nContent-Type: application/json\r\n"
        return head + bearer + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body

    return make


def _noise(bearer: bytes, chance: Random) -> bytes:
    """A request with some of its bytes changed."""
    made = bytearray(_get()(bearer, chance))
    for _ in range(chance.randint(1, 6)):
        made[chance.randrange(len(made))] = chance.choice(b"\0\r\n\t :;,%\x7f\x80\xff/.?#")
    return bytes(made)


SMUGGLING: Final[Mapping[str, Request]] = {
    "length-and-chunks": _post(
        b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + _HIDDEN
    ),
    "chunks-and-length": _post(
        b"Transfer-Encoding: chunked", b"Content-Length: %d" % (5 + len(_HIDDEN)), body=b"0\r\n\r\n" + _HIDDEN
    ),
    "two-lengths": _post(
        b"Content-Length: 2", b"Content-Length: %d" % (2 + len(_HIDDEN)), body=b"{}" + _HIDDEN
    ),
    "listed-lengths": _post(b"Content-Length: 2, 90", body=b"{}" + _HIDDEN),
    "odd-length": _post(b"Content-Length: +2", body=b"{}" + _HIDDEN),
    "odd-chunking": _post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + _HIDDEN),
    "chunks-twice": _post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + _HIDDEN),
    "space-before-colon": _post(b"Content-Length : 2", body=b"{}" + _HIDDEN),
    "odd-chunk": _post(b"Transfer-Encoding: chunked", body=b"0x2\r\n{}\r\n0\r\n\r\n" + _HIDDEN),
}
"""Ambiguous ends: one answer at most, and the connection is closed."""
REQUESTS: Final[Mapping[str, Request]] = {
    "authorization-twice": _get(_GET, "GET", "HTTP/1.1", b"Authorization: Bearer x"),
    "folded": _get(_GET, "GET", "HTTP/1.1", b"X-Request-ID: a\r\n b"),
    "huge-header": _get(_GET, "GET", "HTTP/1.1", b"X-A: " + b"a" * 100_000),
    "many-headers": _get(_GET, "GET", "HTTP/1.1", *(b"X-%d: a" % number for number in range(5_000))),
    "bare-lf": lambda bearer, chance: _get()(bearer, chance).replace(b"\r\n", b"\n"),
    "bare-cr": lambda bearer, chance: _get()(bearer, chance).replace(b"\r\n", b"\r"),
    "nul-in-header": _get(_GET, "GET", "HTTP/1.1", b"X-A: a\0b"),
    "split-id": _get(_GET, "GET", "HTTP/1.1", b"X-Request-ID: a%0d%0aSet-Cookie: a=b"),
    "bytes-in-header": _get(_GET, "GET", "HTTP/1.1", b"X-Request-ID: \xff\xfe"),
    "no-host": lambda bearer, _: b"GET " + _GET.encode() + b" HTTP/1.1\r\n" + bearer + b"\r\n",
    "two-hosts": _get(_GET, "GET", "HTTP/1.1", b"Host: other"),
    "method": _get(_GET, "G@T"),
    "long-method": _get(_GET, "A" * 10_000),
    "trace": _get(_GET, "TRACE"),
    "connect": _get("school:443", "CONNECT"),
    "absolute": _get(f"http://other{_GET}"),
    "asterisk": _get("*", "OPTIONS"),
    "no-slash": _get("api/v1"),
    "two-slashes": _get(f"//api/v1/students/{OTHER}/mastery"),
    "dots": _get(f"/health/../api/v1/students/{OTHER}/mastery"),
    "packed-dots": _get(f"/health/%2e%2e/api/v1/students/{OTHER}/mastery"),
    "packed-slash": _get(f"/api/v1/students/x%2f..%2f{OTHER}/mastery"),
    "packed-nul": _get("/api/v1/students/%00/mastery"),
    "packed-badly": _get("/api/v1/students/%zz%/mastery"),
    "packed-twice": _get(f"/api/v1/students/%2566uzz{OTHER}/mastery"),
    "packed-bytes": _get("/api/v1/students/%ff%fe/mastery"),
    "semicolon": _get(f"/api/v1/students/{OWN};{OTHER}/mastery"),
    "long-path": _get("/" + "a" * 60_000),
    "long-query": _get(f"{_GET}?date=" + "1" * 30_000),
    "parameter-twice": _get(f"{_GET}?date=2026-01-01&date=2026-01-02"),
    "fragment": _get(f"{_GET}#x"),
    "version": _get(_GET, "GET", "HTTP/9.9"),
    "old-version": _get(_GET, "GET", "HTTP/1.0"),
    "http-2": lambda _bearer, _chance: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": lambda _bearer, chance: b"\x16\x03\x01\x02\x00\x01" + chance.randbytes(200),
    "upgrade": _get(
        _GET, "GET", "HTTP/1.1", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: YQ=="
    ),
    "expect": _get(_GET, "GET", "HTTP/1.1", b"Expect: 200-surprise"),
    "ranges": _get(_GET, "GET", "HTTP/1.1", b"Range: bytes=0-0,-1,99999999999999999999-"),
    "tags": _get(_GET, "GET", "HTTP/1.1", b"If-None-Match: " + b'"a",' * 5_000),
    "accept": _get(_GET, "GET", "HTTP/1.1", b"Accept: " + b"a/b;q=0.1," * 3_000),
    "accept-encoding": _get(_GET, "GET", "HTTP/1.1", b"Accept-Encoding: gzip;q=nan, *;q=-1, br;q=1e9"),
    "position": _get(_GET, "GET", "HTTP/1.1", b"X-Mastery-Position: " + b"A" * 10_000),
    "forwarded": _get(_GET, "GET", "HTTP/1.1", b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https"),
    "small-chunks": _post(b"Transfer-Encoding: chunked", body=b"1\r\n \r\n" * 200_000),
    "endless-chunk-size": _post(b"Transfer-Encoding: chunked", body=b"0" * 500_000),
    "endless-chunk-extension": _post(b"Transfer-Encoding: chunked", body=b"2;" + b"x" * 500_000),
    "endless-trailers": _post(
        b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n" + b"X-A: a\r\n" * 50_000
    ),
    "odd-chunk-behind-a-good-one": _post(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\nzz\r\n\r\n"),
    "empty-lines": lambda bearer, chance: b"\r\n" * 50_000 + _get()(bearer, chance),
    "noise": _noise,
    "random": lambda _bearer, chance: chance.randbytes(chance.randint(1, 4_000)) + b"\r\n\r\n",
}
_OF_EACH: Final = 3


def ask_by_bytes(run: Run) -> None:
    """Send each, as a student; nothing gets at another's data, and the service answers the next one."""
    bearer = b"Authorization: " + run.people.bearer("student")["Authorization"].encode() + b"\r\n"
    for name, make in {**REQUESTS, **SMUGGLING}.items():
        chance = run.chance(name)
        for _ in range(_OF_EACH if run.wants(name) else 0):
            if run.over:
                return
            _ask(run, name, make(bearer, chance))


def exchange(host: str, port: int, sent: bytes) -> tuple[bytes, bool]:
    """All that comes back, and whether the other side has ended it."""
    with socket.create_connection((host, port), timeout=_SECONDS) as connection:
        received = bytearray()
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                received += part
        except TimeoutError:
            return bytes(received), False
        except OSError:
            # Reset by whoever would not read it all; what came before is the answer.
            pass
    return bytes(received), True


def _ask(run: Run, name: str, sent: bytes) -> None:
    received, ended = exchange(run.service.host, run.service.port, sent)
    statuses = [int(one) for one in _STATUS.findall(received)]
    run.findings.answered(SOCKETS, statuses[0] if statuses else 0)
    told = f"{sent[:600]!r} -> {received[:600]!r}"
    for status in statuses:
        if status >= 500:  # noqa: PLR2004 - the server's own fault
            run.note(SOCKETS, name, f"{status} is never to be answered", told)
    if statuses and statuses[0] >= 400 and b"content-type: application/json" not in received.lower():  # noqa: PLR2004
        run.note(SOCKETS, name, "an error without the envelope", told)
    if name in SMUGGLING and len(statuses) > 1:
        run.note(SOCKETS, name, "what was smuggled in was answered", told)
    if name in SMUGGLING and statuses and not ended:
        run.note(SOCKETS, name, "the connection stays open behind an ambiguous end", told)
    if b"set-cookie" in received.lower():
        run.note(SOCKETS, name, "a header that was sent has become one of the answer", told)
    if OTHER.encode() in received and b" 200 " in received[:20]:
        run.note(SOCKETS, name, "a student is told of who may not be seen", told)
    again, _ = exchange(
        run.service.host, run.service.port, b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    if not again.startswith(b"HTTP/1.1 200"):
        run.note(SOCKETS, name, "the service does not answer afterwards", f"{told} ... {again[:300]!r}")
