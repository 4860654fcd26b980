"""The chaos run on real Kafka, in small; and its verdict notices what it is there to notice."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import encode_document
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import NewRecord, Write
from tests.integration.kafka_house import until
from tests.unit.engine.house import quiz
from tools.chaos.fleet import EndedByItself, Fleet
from tools.chaos.run import Order, Told, conclusion, rows, run
from tools.chaos.state import Kind
from tools.chaos.verdict import Verdict, judge
from tools.installation import Installation, archive, document, fold, send

WHEN = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT10:00:00")
EVENTS: list[LearningEvent] = [
    quiz(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(1, 30)
]
POISON = [b"{broken", b"plain words", b"{broken"]


@pytest.mark.slow
@pytest.mark.usefixtures("daprd")
@pytest.mark.parametrize("state", ["redis", "dapr"])
async def test_workers_and_their_state_killed_at_random_lose_and_double_nothing(
    kafka_servers: str, registry_url: str, state: Kind
) -> None:
    seen: list[int] = []
    order = Order(
        events=6_000,
        students=100,
        rate=600.0,
        workers=2,
        calm=0.5,
        poisoned=0.01,
        seed=3,
        protocol="consumer",
        state=state,
    )
    told = await run(order, kafka_servers, registry_url, lambda _, folded, __: seen.append(folded))
    assert told.verdict.holds, told.verdict
    assert told.sent["sent"] == 6_000
    assert told.verdict.dead_letters == 60
    assert sum(told.faults.values()) >= 5
    assert seen == sorted(seen)
    assert ("lost", "0") in rows(told)
    assert conclusion(told) == ("holds: 0 lost, 0 doubled", 0)


def test_a_run_without_a_fault_proves_nothing() -> None:
    verdict = Verdict(
        events=1,
        students=1,
        outputs=1,
        dead_letters=0,
        lost=0,
        invented=0,
        doubled=0,
        different=0,
        contradictions=0,
        unarchived=0,
        archived_twice=0,
        wrong_letters=0,
    )
    words, code = conclusion(Told({}, {}, 1.0, verdict))
    assert (words.partition(":")[0], code) == ("PROVES NOTHING", 1)
    assert conclusion(Told({}, {"kill": 1}, 1.0, verdict))[1] == 0
    words, code = conclusion(Told({}, {"kill": 1}, 1.0, verdict._replace(lost=1)))
    assert (words.partition(":")[0], code) == ("DOES NOT HOLD", 1)


async def test_the_verdict_notices_what_was_lost_doubled_and_sent_for_nothing(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        await send(engine, [*EVENTS, *POISON])
        await fold(engine)
        await archive(engine)
        assert (await judge(engine, EVENTS, POISON, "default")).holds

        lost = await judge(engine, [*EVENTS, quiz(99, 1, WHEN, student="s1")], POISON, "default")
        assert (lost.lost, lost.different, lost.unarchived, lost.holds) == (1, 1, 1, False)
        invented = await judge(engine, EVENTS[:-1], POISON, "default")
        assert (invented.invented, invented.doubled, invented.different, invented.holds) == (1, 1, 1, False)
        assert (await judge(engine, EVENTS, POISON[:-1], "default")).wrong_letters == 1
        assert (await judge(engine, EVENTS, [*POISON, b"{"], "default")).wrong_letters == 1


async def test_the_verdict_notices_a_state_that_is_a_little_off_and_an_output_with_two_contents(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        await send(engine, EVENTS)
        await fold(engine)
        await archive(engine)
        whole = await document(engine, "s1")
        whole.state.newest += 1
        await engine.adapters.store.write_many(
            [Write(keys.document("default", "s1"), encode_document(whole))]
        )
        apart = engine.adapters.apart
        assert apart is not None
        (first, *_) = [one for number in range(6) for one in await apart.results_log.read(number, 0, 1)]
        await apart.results_log.append(
            [NewRecord(first.key, first.value.replace(b"default", b"DEFAULT"), first.headers)]
        )
        found = await judge(engine, EVENTS, [], "default")
    assert (found.different, found.contradictions, found.holds) == (1, 1, False)


async def test_a_process_that_ends_by_itself_is_told_with_its_last_words(
    installation: Installation, tmp_path: Path
) -> None:
    installation.variables["MASTERY_KAFKA_GROUP_PROTOCOL"] = "unheard-of"
    fleet = Fleet(installation, tmp_path, Random(1))

    async def ended() -> bool:
        with suppress(EndedByItself):
            fleet.check()
            return False
        return True

    fleet.start(1)
    try:
        await until(ended)
        with pytest.raises(EndedByItself, match="MASTERY_KAFKA_GROUP_PROTOCOL"):
            fleet.check()
    finally:
        await fleet.end()
