"""The doors for the Dapr sidecar: who gets in, and what it is to bring."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from mastery_engine.api.app import create_app
from mastery_engine.api.asgi import App, Receive, Send
from tests.api.school import School, client_of, quiz, served
from tests.api.sidecar import LEARNING, PROCESS, SUBSCRIBE, cloud_event

TOKEN = "the token of the sidecar, of more than 32 bytes"
CALCULATE = {"intent": "calculate", "payload": {"components": {"quiz": 0.8}}}


@asynccontextmanager
async def doors(
    school: School, client: str | None = "127.0.0.1", **changed: object
) -> AsyncGenerator[School]:
    """The same school under other settings, for callers from elsewhere."""
    settings = school.settings.model_copy(update=changed)
    app = create_app(settings, replace(school.engine, settings=settings))
    async with served(app) as asgi, client_of(_from(asgi, client)) as http:
        yield replace(school, http=http, settings=settings)


def _from(app: App, host: str | None) -> App:
    async def called(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await app({**scope, "client": None if host is None else (host, 1)}, receive, send)

    return called


async def all_doors(school: School, **headers: str) -> list[httpx2.Response]:
    given = {**headers, "Content-Type": "application/cloudevents+json"}
    return [
        await school.http.get(SUBSCRIBE, headers=headers),
        await school.http.post(LEARNING, content=json.dumps(cloud_event(quiz())), headers=given),
        await school.http.post(PROCESS, json=CALCULATE, headers=headers),
    ]


def statuses(answers: Sequence[httpx2.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


async def test_with_a_token_set_all_doors_ask_for_it(school: School) -> None:
    async with doors(school, "10.0.0.7", dapr_app_token=SecretStr(TOKEN)) as guarded:
        assert statuses(await all_doors(guarded, **{"dapr-api-token": TOKEN})) == [200, 200, 200]
        for given in ({}, {"dapr-api-token": TOKEN[:-1]}, {"dapr-api-token": ""}):
            answers = await all_doors(guarded, **given)
            assert statuses(answers) == [401, 401, 401]
            assert {answer.json()["error"]["message"] for answer in answers} == {
                "this route is for the Dapr sidecar"
            }
            assert all(answer.headers["www-authenticate"] for answer in answers)
        twice = [("dapr-api-token", TOKEN), ("dapr-api-token", TOKEN)]
        assert (await guarded.http.get(SUBSCRIBE, headers=twice)).status_code == 401
    ends = await school.engine.adapters.log.ends()
    assert sum(ends.values()) == 1


async def test_a_token_is_asked_of_callers_on_this_machine_too(school: School) -> None:
    async with doors(school, dapr_app_token=SecretStr(TOKEN), env="production") as guarded:
        assert statuses(await all_doors(guarded)) == [401, 401, 401]
        assert statuses(await all_doors(guarded, **{"dapr-api-token": TOKEN})) == [200, 200, 200]


@pytest.mark.parametrize("client", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
async def test_in_development_without_one_they_are_open_to_this_machine(school: School, client: str) -> None:
    async with doors(school, client) as here:
        assert statuses(await all_doors(here)) == [200, 200, 200]


@pytest.mark.parametrize("client", ["10.0.0.7", "::ffff:10.0.0.7", "2001:db8::1", "sidecar", "", None])
async def test_and_to_nobody_else(school: School, client: str | None) -> None:
    async with doors(school, client) as elsewhere:
        assert statuses(await all_doors(elsewhere)) == [401, 401, 401]


async def test_nor_to_a_page_that_a_browser_on_this_machine_shows(school: School) -> None:
    async with doors(school) as here:
        assert statuses(await all_doors(here, Origin="http://rebound.example:8080")) == [401, 401, 401]


async def test_in_production_without_one_there_are_none_and_what_is_brought_is_not_forgotten(
    school: School,
) -> None:
    async with doors(school, env="production") as closed:
        # To a sidecar 404 means that the event is done with.
        for given in ({}, {"dapr-api-token": TOKEN}):
            assert statuses(await all_doors(closed, **given)) == [404, 401, 404]
        unknown = await closed.http.get("/nope")
        assert (await closed.http.get(SUBSCRIBE)).json()["error"] == unknown.json()["error"]


async def test_the_token_opens_no_other_route(school: School) -> None:
    async with doors(school, dapr_app_token=SecretStr(TOKEN)) as guarded:
        answer = await guarded.post("query", {"student_id": "amal"}, {"dapr-api-token": TOKEN})
    assert answer.status_code == 401


async def test_learning_events_raw_to_the_route_that_takes_them(school: School) -> None:
    assert (await school.http.get(SUBSCRIBE)).json() == [
        {
            "pubsubname": "pubsub",
            "topic": "learning.events",
            "route": LEARNING,
            "metadata": {"rawPayload": "true"},
        }
    ]


async def test_under_the_names_of_the_installation(school: School) -> None:
    async with doors(school, dapr_pubsub="school-bus", kafka_prefix="trial.") as other:
        (wanted,) = (await other.http.get(SUBSCRIBE)).json()
    assert (wanted["pubsubname"], wanted["topic"]) == ("school-bus", "trial.learning.events")
