"""Damaged `processed:` records: told, never guessed at, in nobody's way, and mended by a replay."""

from __future__ import annotations

import msgspec
import pytest
import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.domain.events import Event
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import Write
from tests.faults.meddling import Failing, Killed, Meddling
from tests.unit.engine.house import House, event_id, question, quiz

RUBBISH = b"\xc1 rubbish"


def key_of(event: Event) -> str:
    return keys.processed(event.tenant_id, identity_of(event)[0])


async def spoil(house: House, *events: Event) -> None:
    assert all([await house.processed(event) for event in events])
    await house.store.write_many([Write(key_of(event), RUBBISH) for event in events])


async def forget_outcomes(house: House) -> None:
    """One more event, so that the document lets go of the outcomes before."""
    await house.send(quiz(900), quiz(901, student="bob"))
    await house.work()


async def _counted_long_ago() -> House:
    house = House()
    await house.send(quiz(1))
    await house.work()
    await forget_outcomes(house)
    await spoil(house, quiz(1))
    return house


async def test_an_event_whose_record_is_damaged_becomes_a_letter_and_the_others_go_on() -> None:
    house = await _counted_long_ago()
    await house.send(quiz(1), quiz(2), quiz(3, student="bob"))
    with structlog.testing.capture_logs() as logs:
        report = await house.work()
    assert (report.folded, report.repeats, report.refused) == (2, 0, 1)
    (letter,) = await house.all_letters()
    assert (letter.kind, letter.reason, letter.payload) == (
        "processing",
        "damaged_record",
        encode_event(quiz(1)),
    )
    assert "mastery replay ann --tenant default" in letter.message
    assert [one["key"] for one in logs if one["event"] == "processed record damaged"] == [key_of(quiz(1))]
    document = await house.document()
    assert (document.state.events, document.given_up) == (3, [])
    assert house.clock.slept == []


async def test_a_replay_mends_the_record_and_the_letter_sent_again_is_a_repeat() -> None:
    house = await _counted_long_ago()
    await house.send(quiz(1))
    with structlog.testing.capture_logs():
        await house.work()
    report = await house.replay().run(DEFAULT, "r", switch=True)
    assert (report.equal, report.switched, report.damaged, report.mended) == (2, 0, [event_id(1)], 1)
    record = await house.processed(quiz(1))
    assert record is not None
    assert record.outcome.digest == identity_of(quiz(1))[1]
    await house.send(quiz(1))
    assert (await house.work()).repeats == 1
    assert (await house.document()).state.events == 2


async def test_a_mended_record_tells_another_event_under_its_id() -> None:
    house = await _counted_long_ago()
    await house.replay().run(DEFAULT, "r", student_id="ann", switch=True)
    await house.send(quiz(1, 9), quiz(1, student="bob"))
    assert (await house.work()).refused == 2
    assert {letter.reason for letter in await house.all_letters()} == {"event_id_reused"}


async def test_comparing_one_student_names_damaged_records_and_leaves_them() -> None:
    house = await _counted_long_ago()
    report = await house.replay().run(DEFAULT, "r", student_id="ann", switch=False)
    assert (report.equal, report.damaged, report.mended) == (1, [event_id(1)], 0)
    entry = await house.entry(key_of(quiz(1)))
    assert entry is not None
    assert entry.value == RUBBISH


async def test_a_record_that_changes_under_the_replay_is_left_alone() -> None:
    house = await _counted_long_ago()

    async def erased_meanwhile() -> None:
        await house.store.write_many([Write(key_of(quiz(1)), None)])

    store = Meddling(house.store, "write_many", 1, erased_meanwhile)
    report = await house.replay(store=store).run(DEFAULT, "r", student_id="ann", switch=True)
    assert (report.damaged, report.mended) == ([event_id(1)], 0)
    assert await house.entry(key_of(quiz(1))) is None


async def test_the_record_of_a_question_is_mended_too() -> None:
    house = House()
    await house.send(question(1))
    await house.work()
    document = await house.document()
    assert [one.event_id for one in document.outcomes] == [identity_of(question(1))[0]]
    await house.send(question(2))
    await house.work()
    await spoil(house, question(1))
    report = await house.replay().run(DEFAULT, "r", switch=True)
    assert (report.damaged, report.mended) == ([event_id(1)], 1)
    await house.send(question(1))
    assert (await house.work()).repeats == 1


async def test_a_redelivered_event_needs_no_record() -> None:
    house = await _counted_long_ago()
    with structlog.testing.capture_logs():
        report = await house.work(consumer=house.log.consumer("from the start"))
    assert (report.folded, report.refused, report.repeats) == (0, 0, 3)
    assert await house.all_letters() == []


async def test_an_outcome_whose_record_is_damaged_is_sent_again_and_noted_anew() -> None:
    house = House()
    await house.send(quiz(1), quiz(2))
    await house.work()
    await spoil(house, quiz(1))
    await house.send(quiz(3))
    with structlog.testing.capture_logs():
        report = await house.work()
    assert (report.folded, await house.all_letters()) == (1, [])
    assert await house.processed(quiz(1)) is not None
    sent = [one["caused_by"] for one in house.outputs()]
    assert sent == [event_id(1), event_id(2), event_id(1), event_id(3)]
    await house.send(quiz(4))
    await house.work()
    assert [one["caused_by"] for one in house.outputs()][4:] == [event_id(4)]


async def test_a_repeat_of_an_outcome_whose_record_is_damaged_is_known_by_the_document() -> None:
    house = House()
    await house.send(quiz(1))
    await house.work()
    await spoil(house, quiz(1))
    await house.send(quiz(1), quiz(1, 9))
    with structlog.testing.capture_logs():
        assert (await house.work()).repeats == 1
    assert [letter.reason for letter in await house.all_letters()] == ["event_id_reused"]


async def test_what_a_deleted_topic_left_is_finished_over_a_damaged_record() -> None:
    house = House()
    await house.send(quiz(1))
    with pytest.raises(Killed):
        await house.work(results=Failing(house.results, "publish", Killed()))
    await house.store.write_many([Write(key_of(quiz(1)), RUBBISH)])
    with structlog.testing.capture_logs():
        assert await house.processor().complete() == 1
    assert await house.processed(quiz(1)) is not None
    assert len(house.outputs()) == 1


async def test_a_record_of_a_newer_release_is_waited_for() -> None:
    house = await _counted_long_ago()
    await house.store.write_many([Write(key_of(quiz(1)), msgspec.msgpack.encode([2, "other"]))])
    await house.send(quiz(1))
    with pytest.raises(NewerVersion, match="version 2"):
        await house.work()
    assert await house.all_letters() == []


async def test_a_replay_of_a_damaged_document_keeps_repeats_of_given_up_events_from_counting_twice() -> None:
    house = House()
    await house.send(quiz(1))
    await house.work()
    await house.store.write_many([Write(keys.document("default", "ann"), RUBBISH)])
    await house.send(quiz(2))
    with structlog.testing.capture_logs():
        assert (await house.work()).refused == 1
    assert (await house.replay().run(DEFAULT, "r", switch=True)).switched == 1
    assert (await house.document()).state.events == 2
    await house.send(quiz(2))
    assert (await house.work()).repeats == 1
    assert (await house.document()).state.events == 2
