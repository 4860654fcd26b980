"""Two apps with real sidecars: one publishes and asks, and the engine takes and answers, whatever is down meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from mastery_engine.contracts import keys
from mastery_engine.contracts.dead_letter import DeadLetter
from tests.integration.doors_house import DoorsHouse
from tests.integration.kafka_house import until
from tests.integration.own_broker import OwnBroker
from tools.installation import Installation, archive
from tools.own_sidecar import OwnSidecar

AGENT = "concepts-agent"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("daprd")]


@pytest.fixture
def house(installation: Installation, tmp_path: Path) -> DoorsHouse:
    return DoorsHouse(installation, tmp_path / "dapr")


def quiz(**fields: object) -> dict[str, Any]:
    return {
        "event_id": str(uuid4()),
        "event_type": "quiz.performance.submitted",
        "timestamp": datetime.now(UTC).isoformat(),
        "student_id": "amal",
        "source": AGENT,
        "quiz_id": "loops",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 300,
    } | fields


async def produce(house: DoorsHouse, bus: str, *values: bytes) -> None:
    """Put bytes into the topic that no sidecar has seen."""

    def job() -> None:
        producer = Producer({"bootstrap.servers": bus})
        for value in values:
            producer.produce(house.topic, key=b"student:amal", value=value)
        assert producer.flush(20) == 0

    await asyncio.to_thread(job)


async def letters(house: DoorsHouse) -> list[DeadLetter]:
    async with house.installation.engine() as engine:
        await archive(engine)
        return await engine.adapters.dead_letters.find()


async def logged(sidecar: OwnSidecar, words: str) -> None:
    """Return once the sidecar has said so."""

    async def said() -> bool:
        return words in sidecar.log

    await until(said)


async def test_what_an_app_publishes_counts_once_however_often_and_goes_with_its_trace(
    house: DoorsHouse,
) -> None:
    event = quiz()
    async with house.engine(), house.sidecar() as own, house.sidecar(AGENT) as agents:
        await own.reach_app()
        for one in (event, quiz(), event):
            await house.publish(agents, one, traceparent=TRACE)
        await house.publish(agents, quiz(student_id="bo"))
        await house.counts("bo", 1)
        await house.counts("amal", 2)
    async with house.installation.engine() as engine:
        log = engine.adapters.log
        records = [one for partition in await log.ends() for one in await log.read(partition, 0, 100)]
        mine = [one for one in records if one.key == keys.learner("default", "amal").encode()]
    assert len(mine) == 3
    assert {dict(one.headers)["traceparent"][3:35] for one in mine} == {TRACE[3:35].encode()}


async def test_what_cannot_count_is_a_dead_letter_with_its_place_and_holds_up_nothing(
    house: DoorsHouse,
) -> None:
    wrong = json.dumps(quiz(correct_answers=11)).encode()
    junk = [b"\x00\x00\x00\x00\x07avro", b"no json", b'{"specversion": "1.0"}', wrong, b""]
    good = json.dumps(quiz()).encode()
    async with house.engine(), house.sidecar() as own:
        await produce(house, house.installation.servers, *junk, good)
        await own.reach_app()
        await house.counts("amal", 1)
    found = sorted(await letters(house), key=lambda letter: letter.offset)
    assert [letter.payload for letter in found] == junk
    assert [letter.offset for letter in found] == [0, 1, 2, 3, 4]
    assert {(letter.topic, letter.key) for letter in found} == {(house.topic, b"student:amal")}
    assert [letter.reason for letter in found] == [
        "not_json",
        "not_json",
        "no_cloud_event",
        "rule",
        "not_json",
    ]


async def test_an_app_asks_for_itself_and_for_its_user_by_service_invocation(house: DoorsHouse) -> None:
    calculate = {"intent": "calculate", "payload": {"components": {"quiz": 0.8}}}
    recommend: dict[str, Any] = {"intent": "recommend", "payload": {"student_id": "amal"}}
    student = {"security_context": {"token": house.token("amal", "student")}}
    other = {"security_context": {"token": house.token("bo", "student")}}
    async with house.engine(), house.sidecar() as own, house.sidecar(AGENT) as agents:
        await own.reach_app()
        assert (await house.invoke(agents, calculate)).status_code == 200
        sent = await house.invoke(agents, {"intent": "ingest", "payload": quiz()})
        assert sent.status_code == 202
        position = {"X-Mastery-Position": sent.json()["data"]["position"]}
        answer = await house.invoke(agents, recommend | student, **position, **{"X-Request-ID": "lesson-7"})
        assert answer.json()["data"]["recommendations"][0]["area"] == "completion"
        assert answer.headers["x-request-id"] == answer.json()["meta"]["request_id"] == "lesson-7"
        assert (await house.invoke(agents, recommend)).status_code == 403
        assert (await house.invoke(agents, recommend | other)).status_code == 404
        wrong = await house.invoke(agents, {"intent": "drop_tables", "payload": {}})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
        # Through the sidecar as from anywhere: the other routes ask for a user's token.
        query, body = "api/v1/mastery/query", {"student_id": "amal"}
        assert (await house.invoke(agents, body, query)).status_code == 401
        bearer = {"Authorization": f"Bearer {house.token('amal', 'student')}"}
        assert (await house.invoke(agents, body, query, **bearer)).status_code == 200
    async with house.installation.engine() as engine:
        audit = [one.entry for one in await engine.adapters.audit.read("default")]
    assert {one.actor for one in audit if one.role == "service"} == {f"dapr:{AGENT}"}


@pytest.mark.parametrize("token", ["a token that is not the one", None])
async def test_a_sidecar_without_the_token_brings_nothing_and_what_waited_counts_once_it_has_it(
    house: DoorsHouse, token: str | None
) -> None:
    async with house.engine(), house.sidecar(AGENT) as agents:
        async with house.sidecar(app_token=token) as own:
            await own.reach_app()
            await logged(own, "app returned http status code 401 from subscription endpoint")
            await house.publish(agents, quiz())
            asked = await house.invoke(agents, {"intent": "ingest", "payload": quiz()})
            assert (asked.status_code, asked.json()["error"]["code"]) == (401, "AUTH_ERROR")
            assert await house.events_of("amal") == 0
        async with house.sidecar() as own:
            await own.reach_app()
            await house.counts("amal", 1)


async def test_an_event_that_comes_while_the_engine_is_dead_counts_once_when_it_is_back(
    house: DoorsHouse,
) -> None:
    event = quiz()
    async with house.sidecar() as own, house.sidecar(AGENT) as agents:
        async with house.engine() as engine:
            await own.reach_app()
            await house.publish(agents, quiz())
            await house.counts("amal", 1)
            engine.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(engine.process.wait, 30)
        await house.publish(agents, event)
        await house.publish(agents, event)
        await logged(own, "error returned from app channel while sending pub/sub event")
        async with house.engine():
            await house.counts("amal", 2)


async def test_an_event_that_comes_while_the_log_is_down_comes_again_and_counts_once(
    broker: OwnBroker, installation: Installation, registry_url: str, tmp_path: Path
) -> None:
    # The bus is up all the time, and the engine's log is on a broker of its own.
    engines = Installation(broker.address, registry_url, tmp_path / "home")
    engines.variables["MASTERY_KAFKA_PREFIX"] = installation.variables["MASTERY_KAFKA_PREFIX"]
    await engines.prepare()
    house = DoorsHouse(engines, tmp_path / "dapr", bus=installation.servers)
    async with house.engine(), house.sidecar() as own, house.sidecar(AGENT) as agents:
        await own.reach_app()
        await house.publish(agents, quiz())
        await house.counts("amal", 1)
        await broker.stop(signal.SIGTERM)
        await house.publish(agents, quiz())
        await logged(own, "RETRY status returned from app")
        await broker.start()
        await house.counts("amal", 2)
