"""What every answer says to a browser, and which pages it lets read it."""

from __future__ import annotations

import pytest

from tests.api.school import School
from tests.api.test_limits import school_with

PAGE = "https://school.example"
EVERY = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/nothing", "/api/v1/mastery/query"])
async def test_every_answer_has_them_once(school: School, path: str) -> None:
    answer = await school.http.get(path)
    for name, value in EVERY.items():
        assert answer.headers.get_list(name) == [value]
    assert "strict-transport-security" not in answer.headers


async def test_by_tls_a_browser_is_told_to_come_by_tls_alone(school: School) -> None:
    answer = await school.http.get("https://school/health")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_no_page_of_another_origin_is_let_in_where_none_is_named(school: School) -> None:
    for answer in (
        await school.http.options("/api/v1/mastery/query", headers=PREFLIGHT),
        await school.http.get("/", headers={"Origin": PAGE}),
        await school.http.get("/", headers={"Origin": "null"}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_a_page_of_an_origin_that_is_named_may_ask_and_read() -> None:
    async with school_with(cors_origins=(PAGE,)) as school:
        preflight = await school.http.options("/api/v1/mastery/query", headers=PREFLIGHT)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == PAGE
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        assert preflight.headers["x-frame-options"] == "DENY"
        asked = school.bearer("head", "admin") | {"Origin": PAGE}
        for answer in (
            await school.post("query", {"student_id": "amal"}, asked),
            await school.post("query", {"student_id": "amal"}, {"Origin": PAGE}),
        ):
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert answer.headers["vary"] == "Origin"
            assert "Retry-After" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://school.example",
        "https://school.example:8443",
        "https://school.example.evil.example",
        "https://evilschool.example",
        "https://SCHOOL.example",
        "null",
        "*",
    ],
)
async def test_a_page_of_any_other_origin_is_not(origin: str) -> None:
    async with school_with(cors_origins=(PAGE,)) as school:
        preflight = await school.http.options("/api/v1/mastery/query", headers=PREFLIGHT | {"Origin": origin})
        assert preflight.status_code == 400
        answer = await school.http.get("/", headers={"Origin": origin})
        for one in (preflight, answer):
            assert "access-control-allow-origin" not in one.headers
