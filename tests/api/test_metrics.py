"""Metrics: what was counted, under templates and nobody's id, for those who may read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mastery_engine.api.app import create_app
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.access import Caller
from tests.api.school import School, StillClock, client_of, open_school, served, trial_settings

TOKEN = "a token of the metrics, of 32 bytes and more"
ADMIN = Caller(tenant_id="default", subject="head", role="admin", request_id="r")


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


async def told(http: httpx2.AsyncClient, **headers: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name of the sample and values of its labels, in the order of the labels' names."""
    answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


async def test_requests_are_counted_by_template_and_status_and_their_times_kept(school: School) -> None:
    await school.teach("amal")
    assert (await school.get("students/amal/mastery")).status_code == 200
    assert (await school.get("students/nobody/mastery")).status_code == 404
    found = await told(school.http)
    route = "/api/v1/students/{student_id}/mastery"
    assert found["http_requests_total"]["GET", route, "200"] == 1
    assert found["http_requests_total"]["GET", route, "404"] == 1
    assert found["http_request_duration_seconds_count"]["GET", route] == 2


async def test_no_id_and_no_made_up_name_becomes_a_label(school: School) -> None:
    await school.teach("amal")
    await school.get("students/amal/mastery")
    await school.http.get("/made/up/amal")
    await school.http.request("AMAL", "/")
    await school.http.request("AMAL", "/health")
    answer = await school.http.get("/metrics")
    assert "amal" not in answer.text.lower()
    found = await told(school.http)
    assert found["http_requests_total"]["GET", "unknown", "404"] == 1
    assert {labels[0] for labels in found["http_requests_total"]} <= {"GET", "POST", "other"}


async def test_open_requests_of_persons_are_told_with_the_age_of_the_oldest(school: School) -> None:
    found = await told(school.http)
    assert found["mastery_privacy_requests_open"] == {("erasure",): 0, ("tenant_erasure",): 0}
    await school.engine.erasures.ask(ADMIN, "amal")
    cast("StillClock", school.engine.adapters.clock).ms += 90_000
    await school.engine.erasures.ask(ADMIN, "bo")
    found = await told(school.http)
    assert found["mastery_privacy_requests_open"]["erasure",] == 2
    assert found["mastery_privacy_oldest_open_request_seconds"]["erasure",] == 90


async def test_what_is_down_is_told_and_numbers_that_nobody_knows_are_not_made_up(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await told(school.http))["mastery_dependency_up"]["archive",] == 1

    async def down() -> None:
        raise DependencyDown("the archive does not answer")

    requests = school.engine.adapters.privacy_requests
    monkeypatch.setattr(requests, "open_requests", down)
    assert "mastery_privacy_requests_open" not in await told(school.http)


async def test_without_a_token_only_this_machine_is_told(school: School) -> None:
    async def from_afar(path: str, **headers: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(school.app, client=("192.0.2.7", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://school") as http:
            return await http.get(path, headers=headers)

    assert (await from_afar("/health")).status_code == 200
    refused = await from_afar("/metrics", **school.bearer("head", "admin"))
    assert refused.status_code == 403
    assert "MASTERY_METRICS_TOKEN" in refused.json()["error"]["message"]
    # One who comes by way of a proxy on this machine is not on it.
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert (await school.http.get("/metrics", headers={header: "x"})).status_code == 403


async def test_with_a_token_set_nobody_is_told_without_it(school: School) -> None:
    settings = trial_settings(metrics_token=TOKEN)
    engine = replace(school.engine, settings=settings)
    async with served(create_app(settings, engine)) as app, client_of(app) as http:
        assert (await http.get("/metrics")).status_code == 401
        wrong = await http.get("/metrics", headers={"Authorization": "Bearer " + "x" * 40})
        assert (wrong.status_code, wrong.headers["www-authenticate"][:6]) == (401, "Bearer")
        assert await told(http, Authorization=f"Bearer {TOKEN}")
