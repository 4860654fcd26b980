"""The tools over HTTP: the tokens, rights and record of the API, for clients of each age."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from mastery_engine.api import mcp_door
from tests.api.school import School, open_school, trial_settings
from tests.mcp_door.messages import JSON, body, post
from tests.mcp_door.tools_of import Told, called

URL = "http://school/mcp"
VERSIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]


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


async def test_other_methods_are_named(school: School) -> None:
    answer = await school.http.get("/mcp")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_without_the_extra_a_caller_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_door, "find_spec", {"mcp": None}.get)
    async with open_school() as school:
        answer = await post(school, body("calculate", "2025-11-25", quiz=1), school.bearer("amal", "student"))
    assert answer.status_code == 404
    assert "mastery-engine[mcp]" in answer.json()["error"]["message"]


async def test_a_server_of_tools_that_cannot_start_stops_the_start_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: StreamableHTTPSessionManager) -> AbstractAsyncContextManager[None]:
        raise RuntimeError("no server of tools today")

    monkeypatch.setattr(StreamableHTTPSessionManager, "run", refuse)
    with pytest.raises(RuntimeError, match="no server of tools today"):
        async with mcp_door.McpDoor(trial_settings()).opened():
            pytest.fail("it must not take requests")
