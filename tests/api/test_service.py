"""The service about itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mastery_engine.adapters.memory import MemoryArchive, MemoryEventLog
from mastery_engine.api import readiness
from mastery_engine.api.app import create_app
from mastery_engine.config import load_settings
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.engine.work import Waiting
from tests.api.school import School, StillClock, client_of, open_school, served, trial_settings


class ArchiveThatIsDown(MemoryArchive):
    async def ping(self) -> None:
        raise DependencyDown("/data/archive.db cannot be read")


class LogThatHangs(MemoryEventLog):
    async def ping(self) -> None:
        await asyncio.Event().wait()


async def test_the_root_tells_what_answers_here(school: School) -> None:
    data = (await school.http.get("/")).json()["data"]
    assert data["name"] == "Mastery Engine"
    assert (await school.http.get(data["openapi"])).json()["openapi"].startswith("3.1")


async def test_a_process_whose_archive_is_down_lives_and_is_not_ready() -> None:
    async with open_school(archive=ArchiveThatIsDown()) as school:
        assert (await school.http.get("/health")).status_code == 200
        answer = await school.http.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["error"]["details"] == [
        {
            "field": "archive",
            "value": "down",
            "rule": "/data/archive.db cannot be read",
            "since": "2026-03-02T10:00:00.000Z",
        }
    ]


async def test_what_does_not_answer_in_time_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PING_SECONDS", 0.01)
    async with open_school(log=LogThatHangs(StillClock())) as school:
        answer = await school.http.get("/ready")
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["log"]


async def test_a_service_is_ready_when_everything_answers_and_its_worker_folds() -> None:
    async with open_school(trouble=lambda: None) as school:
        answer = await school.http.get("/ready")
    names = [dependency["name"] for dependency in answer.json()["data"]["dependencies"]]
    assert answer.status_code == 200
    assert names == ["store", "log", "archive", "worker"]


async def test_a_worker_that_waits_makes_the_service_not_ready() -> None:
    async with open_school(trouble=lambda: Waiting("the store does not answer")) as school:
        answer = await school.http.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["error"]["details"][0]["field"] == "worker"


async def test_in_production_reasons_stay_in_the_log() -> None:
    async with open_school(archive=ArchiveThatIsDown()) as school:
        settings = school.settings.model_copy(update={"env": "production"})
        app = create_app(settings, replace(school.engine, settings=settings))
        async with served(app) as asgi, client_of(asgi) as http:
            answer = await http.get("/ready")
    assert answer.status_code == 503
    assert "archive.db" not in answer.text


async def test_the_lifespan_opens_an_engine_of_its_own_when_none_is_given() -> None:
    app = create_app(trial_settings())
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        await state["parts"].engine.adapters.store.ping()


@pytest.mark.parametrize("env", ["development", "production"])
@pytest.mark.parametrize("secret", [None, "x" * 31])
def test_there_is_no_application_without_a_secret_of_32_bytes(env: str, secret: str | None) -> None:
    settings = load_settings(home="no-such-home", store_url="memory://", env=env, jwt_secret=secret)
    with pytest.raises(ConfigurationError, match="MASTERY_JWT_SECRET"):
        create_app(settings)
