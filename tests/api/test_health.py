"""The health port of a process without the API."""

from __future__ import annotations

import httpx2
import pytest

from mastery_engine.api.health import create_health_app, watch_at
from mastery_engine.api.readiness import Watched
from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.watching import Duty
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.engine.work import Waiting
from tests.api.school import MINUTE_MS, NOW_MS, School, StillClock, client_of, served, trial_settings


async def answers() -> None:
    return


async def is_down() -> None:
    raise DependencyDown("nobody there at 127.0.0.1:9")


async def asked(watched: Watched, route: str = "/ready") -> httpx2.Response:
    async with served(create_health_app(watched, StillClock())) as asgi, client_of(asgi) as http:
        return await http.get(route)


async def lag() -> int:
    return 42


async def test_it_answers_like_the_service(school: School) -> None:
    watched = Watched({"store": answers, "log": answers}, {"worker": lambda: None}, lag)
    for route in ("/health", "/ready"):
        own, service = await asked(watched, route), await school.http.get(route)
        assert own.status_code == service.status_code == 200
        assert own.json().keys() == service.json().keys()
        assert own.json()["data"].keys() == service.json()["data"].keys()
    assert own.json()["data"] == {
        "status": "ready",
        "dependencies": [{"name": name, "status": "up"} for name in ("store", "log", "worker")],
        "lag": 42,
    }


async def test_it_names_what_is_waited_for_and_how_much_waits() -> None:
    waits = {"worker": lambda: Waiting("nobody there at 127.0.0.1:9", NOW_MS - 90_000)}
    answer = await asked(Watched({"registry": is_down}, waits, lag))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["error"]["message"] == "not ready: registry, worker"
    assert answer.json()["error"]["details"] == [
        {
            "field": name,
            "value": "down",
            "rule": "nobody there at 127.0.0.1:9",
            "since": f"2026-03-02T{since}.000Z",
        }
        for name, since in (("registry", "10:00:00"), ("worker", "09:58:30"))
    ] + [
        {"field": "lag", "value": "42", "rule": "events are in the log and wait"},
    ]


async def test_what_is_down_is_told_with_the_moment_at_which_it_was_first_seen_so() -> None:
    clock, is_up = StillClock(), False

    async def store() -> None:
        if not is_up:
            raise DependencyDown("nobody there")

    app = create_health_app(Watched({"store": store, "log": is_down}), clock)
    async with served(app) as asgi, client_of(asgi) as http:

        async def since() -> dict[str, str]:
            details = (await http.get("/ready")).json()["error"]["details"]
            return {one["field"]: one["since"][11:16] for one in details}

        assert await since() == {"store": "10:00", "log": "10:00"}
        clock.ms += MINUTE_MS
        is_up = True
        assert await since() == {"log": "10:00"}
        clock.ms += MINUTE_MS
        is_up = False
        assert await since() == {"store": "10:02", "log": "10:00"}


async def test_a_log_that_is_down_is_not_asked_for_the_lag() -> None:
    async def never() -> int:
        raise AssertionError

    answer = await asked(Watched({"log": is_down}, {}, never))
    assert [one["field"] for one in answer.json()["error"]["details"]] == ["log"]


async def test_a_lag_that_cannot_be_told_makes_nobody_unready() -> None:
    async def unknown() -> int:
        raise DependencyDown("offsets cannot be read")

    answer = await asked(Watched({"log": answers}, {}, unknown))
    assert (answer.status_code, answer.json()["data"]["lag"]) == (200, None)


async def test_reasons_are_told_only_where_that_is_safe() -> None:
    answer = await asked(Watched({"log": is_down}, tells_why=False))
    assert "127.0.0.1" not in answer.text


async def test_there_is_nothing_else_at_that_port() -> None:
    assert (await asked(Watched({}), "/")).status_code == 404
    assert (await asked(Watched({}), "/openapi.json")).status_code == 404


async def test_it_listens_while_the_work_goes_on_and_no_longer() -> None:
    told: list[str] = []
    async with open_engine(trial_settings()) as engine:
        duty = Duty({"worker": lambda: None}, engine.group, archives=True)
        async with watch_at("127.0.0.1", 0, told.append)(engine, duty), httpx2.AsyncClient() as http:
            (line,) = told
            url = line.removeprefix("health at ").partition("/health")[0]
            assert (await http.get(f"{url}/health")).status_code == 200
            ready = (await http.get(f"{url}/ready")).json()["data"]
            assert [one["name"] for one in ready["dependencies"]] == ["store", "log", "archive", "worker"]
            assert ready["lag"] == 0
            with pytest.raises(ConfigurationError, match="--health-port"):
                async with watch_at("127.0.0.1", int(url.rpartition(":")[2]), told.append)(engine, duty):
                    pass
        async with httpx2.AsyncClient() as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get(f"{url}/health")
