"""Every answer, whatever went wrong, comes in the one envelope with the same headers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import httpx2
import pytest
from structlog.testing import capture_logs

from mastery_engine import __version__
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.api.accept import accepts_json
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, InvalidInput
from mastery_engine.ports import Entry
from tests.api.school import School, StillClock, open_school, quiz

QUERY = "/api/v1/mastery/query"
INGEST = "/api/v1/mastery/ingest"


def code(answer: httpx2.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"success", "error", "meta"}
    assert body["success"] is False
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["error"]["code"]


async def send(school: School, content: bytes, route: str = QUERY, **headers: str) -> httpx2.Response:
    given = school.bearer("head", "admin") | {"Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await school.http.post(route, content=content, headers=given)


@pytest.mark.parametrize("path", ["/nope", "/api", "/api/v2/mastery/query", "/health/", "/doc", "/redoc"])
async def test_an_unknown_route_is_not_found(school: School, path: str) -> None:
    assert code(await school.http.get(path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
async def test_another_method_is_refused_and_the_right_one_named(school: School, method: str) -> None:
    answer = await school.http.request(method, QUERY)
    assert answer.headers["allow"] == "POST"
    assert answer.status_code == 405
    if method != "HEAD":
        assert code(answer) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml, text/*", "application/json;q=0", "*/*;q=0", "junk"]
)
async def test_who_takes_no_json_is_told_so_in_json(school: School, accept: str) -> None:
    assert code(await school.http.get("/", headers={"Accept": accept})) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("accept", "accepted"),
    [
        ([], True),
        ([""], True),
        (["application/json"], True),
        (["Application/JSON; charset=utf-8"], True),
        (["text/html, */*;q=0.1"], True),
        (["text/html", "application/*"], True),
        (["text/html"], False),
        (["application/json;q=0, */*"], False),
        (["application/*;q=0, application/json"], True),
        (["application/json;q=x"], False),
    ],
)
def test_accept_is_read_by_its_most_exact_range(accept: list[str], *, accepted: bool) -> None:
    assert accepts_json(accept) is accepted


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonx",
    ],
)
async def test_a_body_that_is_not_json_by_its_type_is_refused(school: School, media_type: str) -> None:
    answer = await send(school, b'{"student_id": "amal"}', Content_Type=media_type)
    assert code(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_packed_body_is_refused(school: School) -> None:
    answer = await send(school, b"{}", Content_Encoding="gzip")
    assert code(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("media_type", ["application/json", 'Application/Json ; charset="UTF-8"'])
async def test_json_in_utf_8_is_taken(school: School, media_type: str) -> None:
    answer = await send(school, b'{"student_id": "amal"}', Content_Type=media_type)
    assert code(answer) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"student_id": "amal"',
        b'{"student_id": "amal"} x',
        b"{'student_id': 'amal'}",
        b'{"student_id": NaN}',
        b'{"student_id": Infinity}',
        b'{"student_id": 1e999}',
        b'{"student_id": "\xff"}',
        b'{"student_id": "\\ud800"}',
        b'\xef\xbb\xbf{"student_id": "amal"}',
        '{"student_id": "amal"}'.encode("utf-16"),
        b'{"student_id": "amal", "student_id": "bo"}',
        b'{"student_id": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * 11 + b"]" * 11,
        b"\x00",
    ],
)
async def test_malformed_json_is_a_validation_error_and_never_422(school: School, content: bytes) -> None:
    assert code(await send(school, content)) == (400, "VALIDATION_ERROR")
    assert code(await send(school, content, INGEST)) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("depth", [1, 9, 10])
def test_ten_levels_are_read(depth: int) -> None:
    assert decode_strictly(b"[" * depth + b"]" * depth) is not None


def test_eleven_levels_are_not_read_even_far_inside() -> None:
    with pytest.raises(InvalidInput, match="10 levels"):
        decode_strictly(json.dumps([1, "x", {"a": [[[[[[[[[0]]]]]]]]]}]).encode())


def test_a_name_that_stands_twice_is_refused_wherever_it_stands() -> None:
    with pytest.raises(InvalidInput, match="once"):
        decode_strictly(b'[{"a": {"b": 1, "c": 2, "b": 1}}]')


@pytest.mark.parametrize(("route", "most"), [(QUERY, 1 << 20), (INGEST, 5 << 20)])
async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(
    school: School, route: str, most: int
) -> None:
    fits = await send(school, b"{}" + b" " * (most - 2), route)
    too_large = await send(school, b"{}" + b" " * (most - 1), route)
    assert code(fits) == (400, "VALIDATION_ERROR")
    assert code(too_large) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_of_unknown_length_is_left_unread_beyond_the_limit(school: School) -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b" " * (1 << 16)

    headers = school.bearer("head", "admin") | {"Content-Type": "application/json"}
    answer = await school.http.post(QUERY, content=endless(), headers=headers)
    assert code(answer) == (413, "PAYLOAD_TOO_LARGE")
    assert sent <= (1 << 20) + (1 << 17)


async def test_a_length_that_is_told_too_large_is_refused_before_anything_is_read(school: School) -> None:
    answer = await send(school, b"{}", Content_Length="9" * 30)
    assert code(answer) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("given", ["abc", "A-b_c.9", "x" * 64])
async def test_a_sane_request_id_is_kept(school: School, given: str) -> None:
    answer = await school.http.get("/health", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    assert answer.json()["meta"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "a;b", "a/b"])
async def test_another_request_id_is_replaced(school: School, given: str) -> None:
    answer = await school.http.get("/nope", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] not in {given, ""}
    assert code(answer)[0] == 404


async def test_the_meta_tells_time_and_release(school: School) -> None:
    meta = (await school.http.get("/")).json()["meta"]
    assert datetime.fromisoformat(meta["timestamp"]).timestamp() * 1_000 == StillClock().now_ms()
    assert meta["version"] == __version__


@pytest.mark.parametrize("path", ["/", "/nope", "/openapi.json", QUERY])
async def test_every_answer_has_the_headers_of_a_careful_service(school: School, path: str) -> None:
    answer = await school.http.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/json"


async def test_other_origins_are_not_let_in(school: School) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        await school.http.options(QUERY, headers=headers),
        await school.http.get("/", headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


class BrokenStore(MemoryStateStore):
    """Raises what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(StillClock())
        self.error = error

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        if self.error is not None:
            raise self.error
        return await super().get_many(keys)


@pytest.mark.parametrize(
    "error", [RuntimeError("amal has 7 points"), ConfigurationError("see /etc/amal"), KeyError("amal")]
)
async def test_a_surprise_is_told_to_the_log_and_not_to_the_caller(error: Exception) -> None:
    async with open_school(store=BrokenStore(error)) as school:
        with capture_logs() as logs:
            headers = school.bearer("head", "admin") | {"X-Request-ID": "surprise"}
            answer = await school.post("query", {"student_id": "amal"}, headers)
    assert code(answer) == (500, "INTERNAL_ERROR")
    assert "amal" not in answer.text
    entry = next(line for line in logs if line["event"] == "request failed")
    assert entry["request_id"] == "surprise"
    assert entry["error"] == type(error).__name__
    assert "get_many" in entry["place"]
    assert "7 points" not in str(logs)
    assert "/etc/amal" not in str(logs)


async def test_a_dependency_that_is_down_asks_to_try_again() -> None:
    async with open_school(store=BrokenStore(DependencyDown("/somewhere/state.db is locked"))) as school:
        answer = await school.query({"student_id": "amal"})
    assert code(answer) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert "/somewhere" not in answer.text


async def test_log_lines_tell_the_template_of_the_route_and_never_the_body(school: School) -> None:
    with capture_logs() as logs:
        await school.post("ingest", quiz(), school.bearer("tutor", "service"))
        await school.http.get("/students/amal")
    routes = [line["route"] for line in logs if line["event"] == "request"]
    assert routes == [INGEST, "unknown"]
    assert "amal" not in str(logs)


async def test_a_caller_who_hangs_up_is_no_surprise(school: School) -> None:
    sent: list[object] = []
    came: list[dict[str, object]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    messages = iter(came)

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send_on(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": QUERY,
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {school.token('head', 'admin')}".encode()),
            (b"content-type", b"application/json"),
        ],
    }
    with capture_logs() as logs:
        await school.app(scope, receive, send_on)
    assert not sent
    assert [line["log_level"] for line in logs] == ["info"]
