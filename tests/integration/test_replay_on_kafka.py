"""Replays beside real Kafka: behind an archiver that lags, and from the log itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.replaying import replay_all
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import decode_document, encode_document
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.replay_report import TopicRead
from mastery_engine.ports import Write
from tests.unit.engine.house import quiz
from tools.installation import Installation, archive, document, fold, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
EVENTS = [quiz(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(60)]


async def spoil(engine: Engine, student: str) -> None:
    """Count an event twice."""
    live = await document(engine, student)
    live.state.courses["A"].now.events += 1
    key = keys.document("default", student)
    await engine.adapters.store.write_many([Write(key, encode_document(live))])


async def test_what_is_folded_and_not_archived_yet_is_not_lost_by_a_switch(
    installation: Installation,
) -> None:
    async with installation.engine() as engine:
        await send(engine, EVENTS[:30])
        await fold(engine)
        await archive(engine)
        await send(engine, EVENTS[30:])
        await fold(engine)
        report = await replay_all(engine, DEFAULT, Wanted(switch=True))
        assert (report.behind, report.switched, report.different) == (["s0", "s1", "s2"], 0, {})
        assert (await document(engine, "s1")).state.events == 20
        await archive(engine)
        report = await replay_all(engine, DEFAULT, Wanted(switch=True))
        assert (report.equal, report.behind) == (3, [])


async def test_the_log_says_what_is_right_without_any_archive(installation: Installation) -> None:
    wanted = Wanted(switch=True, source="topic")
    async with installation.engine() as engine:
        await send(engine, [*EVENTS, b"{broken", *EVENTS[:5]])
        await fold(engine)
        await spoil(engine, "s2")
        report = await replay_all(engine, DEFAULT, wanted)
        assert report.topic == TopicRead(kept=60, refused=1, repeats=5)
        assert (report.equal, report.switched, list(report.different)) == (2, 1, ["s2"])
        assert (await document(engine, "s2")).state.events == 20
        await engine.adapters.store.write_many([Write(keys.document("default", "s0"), None)])
        report = await replay_all(engine, DEFAULT, wanted)
        assert (report.equal, report.missing, report.switched) == (2, 1, 1)


async def test_several_processes_replay_from_one_copy_of_the_log(installation: Installation) -> None:
    async with installation.engine() as engine:
        await send(engine, [quiz(number, number % 11, WHEN, student=f"s{number}") for number in range(250)])
        await fold(engine)
        await spoil(engine, "s7")
    command = ("replay", "--all", "--from", "topic", "--workers", "2", "--json")
    with installation.start(*command) as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    report = json.loads(out)
    assert (report["students"], report["events"], report["switched"]) == (250, 250, 1)
    assert report["topic"] == {"kept": 250, "refused": 0, "repeats": 0, "outlived": 0, "erased": 0}
    async with installation.engine() as engine:
        (entry,) = await engine.adapters.store.get_many([keys.document("default", "s7")])
        assert entry is not None
        assert decode_document(entry.value).state.events == 1
