"""The page of the API: whole, and without a foreign host."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.api.school import School


async def test_the_page_and_all_that_it_names_come_from_here(school: School) -> None:
    page = await school.http.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert named
    for address in named:
        assert not re.match(r"[a-z]+:|//|/", address), "relative, so that it works behind a prefix too"
        assert (await school.http.get(f"/{address}")).status_code == 200
    start = (await school.http.get("/docs/start.js")).text
    assert "://" not in start
    assert "validatorUrl: null" in start
    assert 'url: "openapi.json"' in start


async def test_the_page_runs_nothing_that_is_written_into_it(school: School) -> None:
    page = await school.http.get("/docs")
    (policy,) = page.headers.get_list("content-security-policy")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert not re.search(r"<script>|<script [^>]*>[^<]|\son\w+=|\sstyle=", page.text)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("favicon.png", "image/png"),
        ("start.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_each_part_says_what_it_is_and_may_be_kept(school: School, name: str, media_type: str) -> None:
    answer = await school.http.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-type"] == media_type
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert "content-encoding" not in answer.headers
    packed = await school.http.get(f"/docs/{name}", headers={"Accept-Encoding": "gzip"})
    assert packed.content == answer.content


async def test_the_largest_part_is_packed_once_and_well(school: School) -> None:
    async with school.http.stream(
        "GET", "/docs/swagger-ui-bundle.js", headers={"Accept-Encoding": "gzip"}
    ) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get_list("content-encoding") == ["gzip"]
    assert len(raw) * 2 < len(gzip.decompress(raw))


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "..%2Fapp.py", "__init__.py"])
async def test_there_is_no_other_part(school: School, name: str) -> None:
    answer = await school.http.get(f"/docs/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "no such route; see /openapi.json"
