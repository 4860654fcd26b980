"""The tools over HTTP: the tokens, rights, limits and record of the API, for clients of each age."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from mastery_engine.api import mcp_door
from mastery_engine.api.app import create_app
from mastery_engine.api.table import OPERATIONS
from mastery_engine.mcp.tools import TOOLS
from tests.api.school import School, client_of, open_school, served, trial_settings
from tests.mcp_door.tools_of import Told, called

URL = "http://school/mcp"
VERSIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def body(tool: str, version: str, **arguments: object) -> dict[str, Any]:
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if version == "2026-07-28":
        prefix = "io.modelcontextprotocol"
        params["_meta"] = {
            f"{prefix}/protocolVersion": version,
            f"{prefix}/clientInfo": {"name": "a-test", "version": "1"},
            f"{prefix}/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def post(
    school: School, sent: dict[str, Any], who: dict[str, str], version: str = "2025-11-25", **headers: str
) -> httpx2.Response:
    named = JSON | {"MCP-Protocol-Version": version} | who | headers
    if version == "2026-07-28":
        named |= {"Mcp-Method": "tools/call", "Mcp-Name": sent["params"]["name"]}
    return await school.http.post("/mcp", content=json.dumps(sent), headers=named)


async def trickle(begun: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """A body that begins, and never ends."""
    yield b"{"
    begun.release()
    await asyncio.Event().wait()


async def ask(school: School, who: dict[str, str], mode: str, tool: str, **arguments: object) -> Told:
    transport = httpx2.ASGITransport(school.app)
    async with (
        httpx2.AsyncClient(transport=transport, headers=who) as http,
        Client(streamable_http_client(URL, http_client=http), mode=mode) as client,
    ):
        return await called(client, tool, arguments)


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_a_teacher_sees_the_class_and_a_student_no_peer(school: School, mode: str) -> None:
    teacher, student = school.bearer("ms-yun", "teacher"), school.bearer("amal", "student")
    overview = await ask(school, teacher, mode, "class_overview", cohort_id="7a")
    assert list(overview.data["needs_help"]) == ["amal"]
    assert (await ask(school, student, mode, "get_mastery", student_id="amal")).data["quiz"] == 0.8
    peer, nobody = [
        await ask(school, student, mode, "get_mastery", student_id=one) for one in ("dee", "nobody")
    ]
    assert peer == nobody
    assert peer.is_error
    refused = await ask(school, student, mode, "class_overview", cohort_id="7a")
    assert refused.is_error


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_newest_version_and_the_two_before_it_are_served_without_a_session(
    school: School, version: str
) -> None:
    sent = body("calculate", version, quiz=0.5)
    answer = await post(school, sent, school.bearer("amal", "student"), version)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["structuredContent"]["score"] == 0.15
    assert "mcp-session-id" not in answer.headers
    assert answer.headers["content-type"].startswith("application/json")


async def test_each_call_is_on_record_under_the_id_of_its_request(school: School) -> None:
    sent = body("get_mastery", "2025-11-25", student_id="dee")
    await post(school, sent, school.bearer("ms-yun", "teacher"), **{"X-Request-ID": "by-a-model"})
    entry = (await school.audit())[-1]
    assert (entry.action, entry.allowed, entry.actor) == ("mastery.read", False, "ms-yun")
    assert entry.request_id == school.request_hash("by-a-model")


async def test_calls_count_with_those_of_the_route_that_does_the_same(school: School) -> None:
    who = school.bearer("amal", "student")
    sent = body("get_mastery", "2025-11-25", student_id="amal")
    first = await post(school, sent, who)
    assert first.headers["x-ratelimit-limit"]
    then = await school.query({"student_id": "amal"}, "amal", "student")
    assert int(then.headers["x-ratelimit-remaining"]) == int(first.headers["x-ratelimit-remaining"]) - 1


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "fly"}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}',
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        b'{"jsonrpc": "2.0", "id": 1, "result": {}}',
        b"x" * (mcp_door.MOST_BYTES + 1),
    ],
)
async def test_whatever_is_sent_counts(content: bytes) -> None:
    async with open_school(given={"rates": {"mcp": {"student": 2}}}) as school:
        headers = JSON | school.bearer("amal", "student")
        answers = [await school.http.post("/mcp", content=content, headers=headers) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]


async def test_a_caller_whose_bodies_trickle_in_takes_no_more_places_than_on_a_route() -> None:
    begun = asyncio.Semaphore(0)
    async with open_school(given={"most_requests_per_caller": 2}) as school:
        who = school.bearer("amal", "student")
        slow = [
            asyncio.create_task(school.http.post("/mcp", content=trickle(begun), headers=JSON | who))
            for _ in range(2)
        ]
        for _ in slow:
            await begun.acquire()
        answer = await post(school, body("calculate", "2025-11-25", quiz=1), who)
        other = await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("bo", "student"))
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    assert (answer.status_code, other.status_code) == (429, 200)
    assert "under way" in answer.json()["error"]["message"]


async def test_a_body_that_trickles_in_is_not_waited_for_for_ever(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mastery_engine.api.bodies.MOST_SECONDS", 0.01)
    headers = JSON | school.bearer("amal", "student")
    answer = await school.http.post("/mcp", content=trickle(asyncio.Semaphore(0)), headers=headers)
    assert answer.status_code == 400
    assert "did not come within" in answer.json()["error"]["message"]


async def test_who_comes_too_often_is_told_in_a_result(school: School) -> None:
    who = school.bearer("amal", "student")
    sent = body("compare_interventions", "2025-11-25", student_id="amal", interventions=[])
    answers = [await post(school, sent, who) for _ in range(21)]
    results = [answer.json()["result"]["content"][0]["text"] for answer in answers]
    assert [text.startswith("RATE_LIMITED") for text in results] == [False] * 20 + [True]


@pytest.mark.parametrize("who", [{}, {"Authorization": "Bearer x.y.z"}])
async def test_who_has_no_token_is_told_where_tokens_come_from(school: School, who: dict[str, str]) -> None:
    answer = await post(school, body("calculate", "2025-11-25", quiz=1), who)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTH_ERROR"
    where = "http://school/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{where}"' in answer.headers["www-authenticate"]
    told = (await school.http.get(where)).json()
    assert told == {
        "resource": URL,
        "resource_name": "Mastery Engine",
        "bearer_methods_supported": ["header"],
    }


async def test_the_issuer_and_the_public_address_are_told_as_they_are_set() -> None:
    async with open_school() as school:
        settings = trial_settings(
            public_url="https://mastery.school.example", jwt_issuer="https://id.school.example"
        )
        app = create_app(settings, school.engine)
        async with served(app) as asgi, client_of(asgi) as http:
            told = (await http.get("/.well-known/oauth-protected-resource")).json()
    assert told["resource"] == "https://mastery.school.example/mcp"
    assert told["authorization_servers"] == ["https://id.school.example"]


async def test_an_address_with_a_path_is_told_whole_and_a_page_under_it_is_no_stranger() -> None:
    public = "https://school.example/mastery"
    async with open_school() as school:
        app = create_app(trial_settings(public_url=public), school.engine)
        async with served(app) as asgi, client_of(asgi) as http:
            refused = await http.post("/mcp", content="{}", headers=JSON)
            told = (await http.get("/.well-known/oauth-protected-resource/mcp")).json()
            asked = [
                await http.post("/mcp", content="{}", headers=JSON | {"Origin": one})
                for one in ("https://school.example", "http://school")
            ]
    assert told["resource"] == f"{public}/mcp"
    where = f'resource_metadata="{public}/.well-known/oauth-protected-resource/mcp"'
    assert where in refused.headers["www-authenticate"]
    # Neither has a token; only the stranger is told to stay away.
    assert [answer.status_code for answer in asked] == [401, 403]


async def test_a_page_of_an_origin_that_is_named_may_send_what_the_protocol_wants() -> None:
    page = "https://tutor.example"
    wanted = "authorization,content-type,mcp-protocol-version,mcp-method,mcp-name"
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    async with open_school() as school:
        app = create_app(trial_settings(cors_origins=(page,)), school.engine)
        async with served(app) as asgi, client_of(asgi) as http:
            preflight = await http.options("/mcp", headers={"Origin": page} | ask)
            refused = await http.post("/mcp", content="{}", headers=JSON | {"Origin": page})
    assert preflight.status_code == 200, preflight.text
    assert refused.status_code == 401
    assert "WWW-Authenticate" in refused.headers["access-control-expose-headers"]


async def test_requests_are_counted_under_the_names_of_their_routes(school: School) -> None:
    await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("amal", "student"))
    await school.http.get("/.well-known/oauth-protected-resource")
    await school.http.get("/mcp")
    nobody = body("get_mastery", "2025-11-25", student_id="nobody")
    await post(school, nobody, school.bearer("amal", "student"))
    told = (await school.http.get("/metrics")).text
    # To HTTP both went well; what came of them is told beside it.
    assert 'mastery_tool_calls_total{outcome="ok",tool="calculate"} 1.0' in told
    assert 'mastery_tool_calls_total{outcome="NOT_FOUND",tool="get_mastery"} 1.0' in told
    assert 'http_requests_total{method="POST",route="/mcp",status="200"} 2.0' in told
    assert 'http_requests_total{method="GET",route="/mcp",status="405"} 1.0' in told
    assert 'route="/.well-known/oauth-protected-resource",status="200"' in told


@pytest.mark.parametrize(
    ("public_url", "host", "origin", "status"),
    [
        ("", "localhost:8000", "http://localhost:8000", 200),
        ("", "127.0.0.1:8000", "http://127.0.0.1:8000", 200),
        ("", "localhost:8000", "https://evil.example", 403),
        ("", "localhost:8000", "null", 403),
        # A page whose name was made to mean this machine sends its own name as both.
        ("", "evil.example:8000", "http://evil.example:8000", 403),
        ("", "", "http://", 403),
        ("https://mastery.school.example/", "inside:8000", "https://mastery.school.example", 200),
        ("https://mastery.school.example/", "localhost", "http://localhost", 403),
        ("", "inside:8000", "https://pages.school.example", 200),
    ],
)
async def test_pages_of_other_origins_are_kept_out(
    public_url: str, host: str, origin: str, status: int
) -> None:
    sent = body("calculate", "2025-11-25", quiz=1)
    given = {"public_url": public_url, "cors_origins": ["https://pages.school.example"]}
    async with open_school(given=given) as school:
        answer = await post(school, sent, school.bearer("amal", "student"), Origin=origin, Host=host)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"jsonrpc": "2.0", "id": 1}', 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "fly", "params": {}}', 200),
        (b"x" * (mcp_door.MOST_BYTES + 1), 413),
    ],
)
async def test_what_is_no_message_is_refused_and_the_next_one_answered(
    school: School, content: bytes, status: int
) -> None:
    who = school.bearer("amal", "student")
    answer = await school.http.post("/mcp", content=content, headers=JSON | who)
    assert answer.status_code == status, answer.text
    again = await post(school, body("calculate", "2025-11-25", quiz=1), who)
    assert again.status_code == 200


async def test_metrics_tell_it_by_its_path(school: School) -> None:
    await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("amal", "student"))
    told = (await school.http.get("/metrics")).text
    assert 'http_requests_total{method="POST",route="/mcp",status="200"} 1.0' in told


async def test_other_methods_are_named(school: School) -> None:
    answer = await school.http.get("/mcp")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_without_the_extra_a_caller_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_door, "find_spec", {"mcp": None}.get)
    async with open_school() as school:
        answer = await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("amal", "student"))
    assert answer.status_code == 404
    assert "mastery-engine[mcp]" in answer.json()["error"]["message"]


def test_each_tool_counts_with_a_route_that_has_a_limit() -> None:
    limited = {one.name for one in (*OPERATIONS, mcp_door.LIMITED) if one.rate is not None}
    assert {tool.route for tool in TOOLS.values()} | {"mcp"} <= limited


async def test_a_server_of_tools_that_cannot_start_stops_the_start_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: StreamableHTTPSessionManager) -> AbstractAsyncContextManager[None]:
        raise RuntimeError("no server of tools today")

    monkeypatch.setattr(StreamableHTTPSessionManager, "run", refuse)
    with pytest.raises(RuntimeError, match="no server of tools today"):
        async with mcp_door.McpDoor(trial_settings()).opened():
            pytest.fail("it must not take requests")
