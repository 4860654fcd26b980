"""What `deploy/dapr` says, real sidecars do: who has the state, who may publish what, who may ask the engine for what."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.admin._listoffsets import LatestSpec

from tests.integration.dapr_house import (
    AGENT,
    APP_TOKEN,
    ENGINE,
    FILES,
    DaprHouse,
    authority,
    dapr_house,
    unique,
)
from tests.integration.kafka_house import until
from tests.integration.plain_app import Asked, PlainApp, plain_app
from tools.own_sidecar import OwnSidecar

OF_ENGINE, OF_AGENTS = "configuration.yaml", "configuration-agents.yaml"
REFUSED = 403
EVENT = {"event_id": "1"}

pytestmark = pytest.mark.usefixtures("daprd", "redis_url")


@pytest.fixture
async def house(tmp_path: Path, kafka_servers: str) -> AsyncIterator[DaprHouse]:
    async with dapr_house(tmp_path, kafka_servers) as made:
        yield made


@pytest.fixture
def app() -> Iterator[PlainApp]:
    with plain_app() as made:
        yield made


async def ask(sidecar: OwnSidecar, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=sidecar.http, timeout=30, trust_env=False) as client:
        return await client.request(method, f"/v1.0/{path}", **more)


def published(asked: Asked) -> Any:
    """What the agent sent: its sidecar put it into a CloudEvent, and the engine's put the record into another."""
    return json.loads(b64decode(asked.body["data_base64"]))["data"]


async def dead_letters(house: DaprHouse) -> int:
    ends = await asyncio.to_thread(
        house.kafka.admin.offsets, house.topic("learning.events.dead"), LatestSpec()
    )
    return sum(ends.values())


async def test_the_files_load_as_they_are(house: DaprHouse, app: PlainApp) -> None:
    sidecar = await house.sidecar(ENGINE, OF_ENGINE, app.port)
    await sidecar.reach_app()
    told = (await ask(sidecar, "GET", "metadata")).json()
    loaded = {one["name"]: one["type"] for one in told["components"]}
    kinds = {"statestore": "state.redis", "pubsub": "pubsub.kafka", "kubernetes": "secretstores.local.file"}
    assert loaded == kinds
    (subscription,) = told["subscriptions"]
    assert subscription["topic"] == house.topic("learning.events")
    assert subscription["deadLetterTopic"] == house.topic("learning.events.dead")
    assert [rule["path"] for rule in subscription["rules"]] == ["/events/learning"]
    assert "Loading Resiliency configuration: mastery" in sidecar.log
    assert "level=error" not in sidecar.log
    assert {file.relative_to(FILES).as_posix() for file in FILES.rglob("*.yaml")} == {
        "components/pubsub.yaml",
        "components/statestore.yaml",
        "configuration-agents.yaml",
        "configuration.yaml",
        "resiliency.yaml",
        "subscription.yaml",
    }


async def test_state_is_in_a_redis_that_asks_for_a_password_over_tls_under_the_key_as_it_is(
    house: DaprHouse,
) -> None:
    sidecar, key = await house.sidecar(ENGINE, OF_ENGINE), unique("kept")
    item = {"key": key, "value": "kept", "metadata": {"ttlInSeconds": "60"}}
    assert (await ask(sidecar, "POST", "state/statestore", json=[item])).status_code == 204
    assert await house.redis.hget(key, "data") == '"kept"'
    assert 0 < await house.redis.ttl(key) <= 60


@pytest.mark.parametrize("app_id", [AGENT, "stranger"])
async def test_another_app_has_no_state_store(house: DaprHouse, app_id: str) -> None:
    engine, key = await house.sidecar(ENGINE, OF_ENGINE), unique("own")
    assert (await ask(engine, "POST", "state/statestore", json=[{"key": key, "value": 1}])).status_code == 204
    # With the engine's own configuration, so that it is the scope of the component that refuses.
    other = await house.sidecar(app_id, OF_ENGINE)
    told = await ask(other, "GET", f"state/statestore/{key}")
    assert told.json()["errorCode"].startswith("ERR_STATE_STORE_NOT_")


async def test_many_stale_saves_do_not_shut_the_store(house: DaprHouse) -> None:
    sidecar, key = await house.sidecar(ENGINE, OF_ENGINE), unique("busy")
    stale = {"key": key, "value": 2, "etag": "99"}
    await ask(sidecar, "POST", "state/statestore", json=[{"key": key, "value": 1}])
    for _ in range(20):
        assert (await ask(sidecar, "POST", "state/statestore", json=[stale])).status_code == 409
    assert (await ask(sidecar, "GET", f"state/statestore/{key}")).json() == 1


async def test_a_sidecar_has_only_the_apis_that_its_app_needs(house: DaprHouse) -> None:
    engine = await house.sidecar(ENGINE, OF_ENGINE)
    agent = await house.sidecar(AGENT, OF_AGENTS)
    topic = house.topic("learning.events")
    assert (await ask(engine, "POST", f"publish/pubsub/{topic}", json=EVENT)).status_code == 404
    assert (await ask(engine, "POST", f"invoke/{AGENT}/method/x", json={})).status_code == 404
    for sidecar in (engine, agent):
        assert (await ask(sidecar, "GET", "secrets/kubernetes/mastery-redis")).status_code == 404
        assert (await ask(sidecar, "POST", "shutdown")).status_code == 404
    assert (await ask(agent, "GET", "state/statestore/x")).status_code == 404


async def test_an_event_of_an_agent_comes_to_the_app_again_until_it_is_taken_and_is_no_dead_letter(
    house: DaprHouse, app: PlainApp
) -> None:
    unwilling = iter([(200, "RETRY"), (503, ""), (200, "RETRY")])

    def answer(asked: Asked) -> tuple[int, object]:
        del asked
        status, word = next(unwilling, (200, "SUCCESS"))
        return status, {"status": word}

    app.answers["/events/learning"] = answer
    engine = await house.sidecar(ENGINE, OF_ENGINE, app.port)
    await engine.reach_app()
    agent, topic = await house.sidecar(AGENT, OF_AGENTS), house.topic("learning.events")
    assert (await ask(agent, "POST", f"publish/pubsub/{topic}", json=EVENT)).status_code == 204

    async def came() -> bool:
        return len(app.at("/events/learning")) == 4

    await until(came)
    assert all(published(one) == EVENT for one in app.at("/events/learning"))
    assert {one.headers["dapr-api-token"] for one in app.at("/events/learning")} == {APP_TOKEN}
    assert await dead_letters(house) == 0


async def test_an_event_that_the_app_drops_goes_to_the_dead_letter_topic(
    house: DaprHouse, app: PlainApp
) -> None:
    app.answers["/events/learning"] = lambda _: (200, {"status": "DROP"})
    engine = await house.sidecar(ENGINE, OF_ENGINE, app.port)
    await engine.reach_app()
    agent, topic = await house.sidecar(AGENT, OF_AGENTS), house.topic("learning.events")
    assert (await ask(agent, "POST", f"publish/pubsub/{topic}", json=EVENT)).status_code == 204

    async def dropped() -> bool:
        return await dead_letters(house) == 1

    await until(dropped)
    assert len(app.at("/events/learning")) == 1


async def test_what_an_app_subscribes_to_by_itself_counts_in_the_place_of_the_file(
    house: DaprHouse, app: PlainApp
) -> None:
    topic = house.topic("learning.events")
    own = {"pubsubname": "pubsub", "topic": topic, "routes": {"default": "/events/other"}}
    app.answers["/dapr/subscribe"] = lambda _: (200, [own])
    engine = await house.sidecar(ENGINE, OF_ENGINE, app.port)
    await engine.reach_app()
    agent = await house.sidecar(AGENT, OF_AGENTS)
    for number in range(3):
        await ask(agent, "POST", f"publish/pubsub/{topic}", json={"event_id": number})

    async def came() -> bool:
        return len(app.at("/events/other")) >= 3

    await until(came)
    assert [one.body["data"]["event_id"] for one in app.at("/events/other")] == [0, 1, 2]
    assert app.at("/events/learning") == []


async def test_an_agent_publishes_to_the_topic_of_events_only_and_a_stranger_to_none(
    house: DaprHouse,
) -> None:
    agent = await house.sidecar(AGENT, OF_AGENTS)
    for topic in (house.topic("learning.events.dead"), house.topic("mastery.requests")):
        told = await ask(agent, "POST", f"publish/pubsub/{topic}", json=EVENT)
        assert (told.status_code, told.json()["errorCode"]) == (REFUSED, "ERR_PUBSUB_FORBIDDEN")
    stranger = await house.sidecar("stranger", OF_AGENTS)
    told = await ask(stranger, "POST", f"publish/pubsub/{house.topic('learning.events')}", json=EVENT)
    assert told.status_code == 404


async def test_an_agent_may_ask_the_engine_by_post_process_only(
    house: DaprHouse, app: PlainApp, tmp_path: Path
) -> None:
    app.answers["/process"] = lambda asked: (200, {"heard": asked.body})
    async with authority(house, tmp_path / "authority"):
        await (await house.sidecar(ENGINE, OF_ENGINE, app.port)).reach_app()
        agent = await house.sidecar(AGENT, OF_AGENTS)
        stranger = await house.sidecar("stranger", OF_AGENTS)
        method = f"invoke/{ENGINE}/method"
        told = await ask(agent, "POST", f"{method}/process", json={"intent": "x"})
        assert (told.status_code, told.json()) == (200, {"heard": {"intent": "x"}})
        (asked,) = app.at("/process")
        assert asked.headers["dapr-caller-app-id"] == AGENT
        assert asked.headers["dapr-api-token"] == APP_TOKEN
        before = len(app.asked)
        for verb, path in (
            ("GET", "process"),
            ("PUT", "process"),
            ("POST", "events/learning"),
            ("POST", "api/v1/mastery/query"),
            ("POST", "api/v1/process"),
            ("GET", "metrics"),
        ):
            assert (await ask(agent, verb, f"{method}/{path}")).status_code == REFUSED, (verb, path)
        assert (await ask(stranger, "POST", f"{method}/process", json={})).status_code == REFUSED
        assert len(app.asked) == before


async def test_an_agent_whose_questions_are_refused_is_asked_once_each_and_may_go_on_asking(
    house: DaprHouse, app: PlainApp, tmp_path: Path
) -> None:
    app.answers["/process"] = lambda asked: (404 if asked.body == "unknown" else 200, {})
    async with authority(house, tmp_path / "authority"):
        await (await house.sidecar(ENGINE, OF_ENGINE, app.port)).reach_app()
        agent, process = await house.sidecar(AGENT, OF_AGENTS), f"invoke/{ENGINE}/method/process"
        for _ in range(20):
            assert (await ask(agent, "POST", process, json="unknown")).status_code == 404
        assert (await ask(agent, "POST", process, json="known")).status_code == 200
        assert len(app.at("/process")) == 21


async def test_without_certificates_nobody_may_ask_the_engine_anything(
    house: DaprHouse, app: PlainApp
) -> None:
    await (await house.sidecar(ENGINE, OF_ENGINE, app.port)).reach_app()
    agent = await house.sidecar(AGENT, OF_AGENTS)
    assert (await ask(agent, "POST", f"invoke/{ENGINE}/method/process", json={})).status_code == REFUSED
    assert app.at("/process") == []


async def test_metrics_tell_of_no_student(house: DaprHouse) -> None:
    sidecar, key = await house.sidecar(ENGINE, OF_ENGINE), unique("zoe")
    await ask(sidecar, "GET", f"state/statestore/{key}")
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{sidecar.ports.metrics}/")).text
    assert "dapr_component_state_count" in text
    assert "zoe" not in text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of this machine")
async def test_it_listens_on_one_address_of_the_loopback_metrics_too(house: DaprHouse) -> None:
    sidecar = await house.sidecar(ENGINE, OF_ENGINE)
    for port in sidecar.ports:
        socket.create_connection(("127.0.0.1", port), 5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 5)


async def test_a_sidecar_that_was_killed_comes_back_where_it_was_with_the_state(house: DaprHouse) -> None:
    sidecar, key = await house.sidecar(ENGINE, OF_ENGINE), unique("killed")
    await ask(sidecar, "POST", "state/statestore", json=[{"key": key, "value": 1}])
    await sidecar.kill()
    with pytest.raises(httpx.ConnectError):
        await ask(sidecar, "GET", "healthz")
    await sidecar.start()
    assert (await ask(sidecar, "GET", f"state/statestore/{key}")).json() == 1


async def test_a_sidecar_without_its_broker_ends_and_says_why(house: DaprHouse, tmp_path: Path) -> None:
    file = tmp_path / "dapr" / "components" / "pubsub.yaml"
    file.write_text(file.read_text().replace(house.kafka.connection.servers, "127.0.0.1:1"))
    assert "pubsub.kafka" in await house.unstarted(ENGINE, OF_ENGINE).fail()
