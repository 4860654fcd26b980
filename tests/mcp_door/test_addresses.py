"""Who may call from where, and what a client is told of where tokens come from."""

from __future__ import annotations

import pytest

from mastery_engine.api.app import create_app
from tests.api.school import School, client_of, open_school, served, trial_settings
from tests.mcp_door.messages import JSON, body, post


@pytest.mark.parametrize("who", [{}, {"Authorization": "Bearer x.y.z"}])
async def test_who_has_no_token_is_told_where_tokens_come_from(school: School, who: dict[str, str]) -> None:
    answer = await post(school, body("calculate", "2025-11-25", quiz=1), who)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTH_ERROR"
    where = "http://school/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{where}"' in answer.headers["www-authenticate"]
    told = (await school.http.get(where)).json()
    assert told == {
        "resource": "http://school/mcp",
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
