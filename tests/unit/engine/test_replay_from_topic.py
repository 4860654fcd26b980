"""Rebuilding from the log in the place of the archive."""

from __future__ import annotations

from datetime import date

import pytest

from mastery_engine.adapters.memory import MemoryEventLog
from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.replaying import replay_all, replay_one
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import decode_document, encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.differences import differences
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.replay_report import ReplayReport, TopicRead
from mastery_engine.ports import NewRecord, Write
from tests.faults.meddling import Meddling, poison
from tests.unit.engine.house import at, completion, event_id, quiz, visit
from tests.unit.engine.small_school import School, open_school, with_parts
from tests.unit.engine.watching import Watching

DRY = Wanted(switch=False, source="topic")
SWITCH = Wanted(switch=True, source="topic")
EVENTS = [quiz(number, number % 11, student=f"s{number % 5}") for number in range(40)]


async def append(school: School, *events: LearningEvent | bytes) -> None:
    """Past every door, and without folding."""
    records = [
        NewRecord(b"student:ann", one)
        if isinstance(one, bytes)
        else NewRecord(keys.learner(one.tenant_id, one.student_id).encode(), encode_event(one))
        for one in events
    ]
    await school.engine.adapters.log.append(records)


async def fold(school: School) -> None:
    async with school.engine.folding() as worker:
        await worker.drain()


async def lose_the_archive(school: School) -> None:
    await school.engine.adapters.archive.drop_before("default", 1_000_000)
    assert await school.engine.adapters.archive.tenants() == []


async def lose_the_store(school: School) -> None:
    store = school.engine.adapters.store
    async for batch in store.scan(""):
        await store.write_many([Write(key, None) for key in batch])


async def spoil(school: School, student: str) -> None:
    """Count an event twice."""
    store = school.engine.adapters.store
    key = keys.document("default", student)
    (entry,) = await store.get_many([key])
    assert entry is not None
    document = decode_document(entry.value)
    document.state.courses["A"].now.events += 1
    await store.write_many([Write(key, encode_document(document))])


async def events_of(engine: Engine, student: str) -> int:
    (entry,) = await engine.adapters.store.get_many([keys.document("default", student)])
    return 0 if entry is None else decode_document(entry.value).state.events


async def test_without_an_archive_the_log_says_what_is_right() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        await lose_the_archive(school)
        assert (await replay_all(school.engine, DEFAULT, DRY)).equal == 5
        await spoil(school, "s1")
        dry = await replay_all(school.engine, DEFAULT, DRY)
        assert (dry.students, dry.events, dry.equal, list(dry.different)) == (5, 40, 4, ["s1"])
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert (report.switched, report.topic) == (1, TopicRead(kept=40))
        assert await events_of(school.engine, "s1") == 8


async def test_archive_and_log_come_to_the_same_report() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        await spoil(school, "s3")
        of_archive = await replay_all(school.engine, DEFAULT, Wanted(switch=False))
        of_log = await replay_all(school.engine, DEFAULT, DRY)
        of_log.topic = None
        assert of_log == of_archive


async def test_a_state_that_was_lost_too_comes_back_and_what_is_sent_again_is_a_repeat() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        await lose_the_archive(school)
        await lose_the_store(school)
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert (report.missing, report.switched) == (5, 5)
        await school.learn(*EVENTS[:9])
        assert [await events_of(school.engine, f"s{number}") for number in range(5)] == [8] * 5


async def test_one_student_alone_and_those_of_a_day_can_be_rebuilt_from_the_log() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS, quiz(90, when="2024-03-02T10:00:00", student="s2"))
        watcher = Watching()
        one = await replay_one(school.engine, DEFAULT, "s2", SWITCH, watcher)
        assert (one.students, one.events, one.equal) == (1, 9, 1)
        assert sum(records for records, _ in watcher.records) == 41
        assert {total for _, total in watcher.records} == {41}
        assert watcher.told == []
        day = Wanted(switch=True, day=date(2024, 3, 2), source="topic")
        report = await replay_all(school.engine, DEFAULT, day)
        assert (report.students, report.events) == (1, 9)
        assert (await replay_one(school.engine, DEFAULT, "nobody", DRY)).students == 0


async def test_repeats_and_refused_records_are_passed_over_and_counted() -> None:
    async with open_school() as school:
        await append(school, *EVENTS, EVENTS[0], b"{broken", b'{"event_type": "unheard.of"}')
        await append(school, quiz(500, when="2024-03-20T10:00:00"))
        await append(school, quiz(3, 1, student="s3"), quiz(4, 4, student="somebody-else"))
        await append(school, quiz(600, tenant="nowhere"))
        await fold(school)
        report = await replay_all(school.engine, DEFAULT, DRY)
        assert report.topic == TopicRead(kept=40, refused=5, repeats=1)
        assert (report.students, report.equal) == (5, 5)
        # Without the records of what counted, the first of an id is the one.
        await lose_the_store(school)
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert report.topic == TopicRead(kept=40, refused=3, repeats=3)
        assert (report.students, report.switched) == (5, 5)
        assert await events_of(school.engine, "somebody-else") == 0


async def test_another_schools_events_are_not_this_ones() -> None:
    async with open_school() as school:
        other = await school.engine.tenants.create(Tenant(tenant_id="other"))
        await school.learn(*EVENTS, *(quiz(number, student="ann", tenant="other") for number in range(7)))
        assert (await replay_all(school.engine, other, DRY)).topic == TopicRead(kept=7)
        assert (await replay_all(school.engine, DEFAULT, DRY)).topic == TopicRead(kept=40)


async def test_erased_students_stay_erased_by_marker_or_by_ledger() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        engine = school.engine
        await lose_the_store(school)
        await engine.adapters.store.write_many([Write(keys.erased(school.hash("s1")), b"1")])
        await engine.adapters.erasures.ask("default", school.hash("s2"), school.clock.ms, school.hash("head"))
        report = await replay_all(engine, DEFAULT, SWITCH)
        assert (report.students, report.switched) == (3, 3)
        assert report.topic == TopicRead(kept=24, erased=16)
        assert await events_of(engine, "s1") == await events_of(engine, "s2") == 0


async def test_what_outlived_the_retention_does_not_come_back() -> None:
    async with open_school() as school:
        await school.learn(quiz(1, student="old"))
        school.clock.ms += 100 * DAY_MS
        await school.learn(quiz(2, when="2024-06-17T10:00:00", student="young"))
        await lose_the_store(school)
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert (report.students, report.topic) == (1, TopicRead(kept=1, outlived=1))


async def test_days_that_were_trimmed_off_the_log_are_taken_over_from_the_live_state() -> None:
    async with open_school() as school:
        engine = school.engine
        await school.learn(quiz(1, when="2024-03-08T10:00:00", student="ann"))
        school.clock.ms += DAY_MS
        await school.learn(quiz(2, when="2024-03-11T10:00:00", student="ann"))
        await engine.adapters.log.trim(school.clock.ms)
        school.clock.ms += DAY_MS
        await school.learn(quiz(3, when="2024-03-12T10:00:00", student="ann"))
        report = await replay_all(engine, DEFAULT, DRY)
        assert (report.topic, report.equal) == (TopicRead(kept=2), 1)
        await spoil(school, "ann")
        assert (await replay_all(engine, DEFAULT, SWITCH)).switched == 1
        assert await events_of(engine, "ann") == 3
        await engine.adapters.log.trim(school.clock.ms + 1)
        report = await replay_all(engine, DEFAULT, DRY)
        assert (report.topic, report.students) == (TopicRead(), 0)


async def test_days_of_a_topic_before_this_one_are_taken_over_from_the_live_state() -> None:
    async with open_school() as school:
        engine = school.engine
        await school.learn(quiz(1, when="2024-03-08T10:00:00", student="ann"))
        log = engine.adapters.log
        assert isinstance(log, MemoryEventLog)
        await log.recreate()
        school.clock.ms += DAY_MS
        await school.learn(
            quiz(2, when="2024-03-07T10:00:00", student="ann"), visit(3, "2024-03-11T10:00:00", "2024-03-10")
        )
        report = await replay_all(engine, DEFAULT, SWITCH)
        assert (report.equal, report.switched) == (1, 0)
        assert await events_of(engine, "ann") == 3


async def test_what_is_folded_after_the_log_was_read_is_not_lost_by_a_switch() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        await spoil(school, "s1")

        async def fold_one_more() -> None:
            await school.learn(quiz(77, student="s1"))

        log = Meddling(school.engine.adapters.log, "topic_id", 2, fold_one_more)
        report = await replay_all(with_parts(school, log=log).engine, DEFAULT, SWITCH)
        assert (report.behind, report.switched, school.clock.ms) == (["s1"], 0, at("2024-03-10T12:00:00"))
        assert await events_of(school.engine, "s1") == 10
        assert (await replay_all(school.engine, DEFAULT, SWITCH)).switched == 1
        assert await events_of(school.engine, "s1") == 9


async def test_what_is_not_folded_yet_is_told_and_left_to_whoever_folds() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        await append(school, quiz(77, student="s1"))
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert (report.equal, report.pending) == (5, [event_id(77)])


async def test_courses_that_were_refused_for_being_too_many_are_refused_again() -> None:
    async with open_school() as school:
        await append(
            school, *(quiz(number, student="ann", course=f"c{number % 203}") for number in range(410, 0, -1))
        )
        await fold(school)
        live = (await school.engine.adapters.store.get_many([keys.document("default", "ann")]))[0]
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        assert (report.equal, report.different) == (1, {})
        await lose_the_store(school)
        assert (await replay_all(school.engine, DEFAULT, SWITCH)).switched == 1
        again = (await school.engine.adapters.store.get_many([keys.document("default", "ann")]))[0]
        assert live is not None
        assert again is not None
        assert not list(differences(decode_document(live.value).state, decode_document(again.value).state))


async def test_a_topic_that_is_made_again_meanwhile_is_no_source() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        inner = school.engine.adapters.log
        assert isinstance(inner, MemoryEventLog)
        log = Meddling(inner, "topic_id", 2, inner.recreate)
        with pytest.raises(DependencyDown, match="was deleted and made again while it was read"):
            await replay_all(with_parts(school, log=log).engine, DEFAULT, SWITCH)


async def test_events_that_wait_as_dead_letters_are_told_and_no_difference() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        with poison(70):
            await school.learn(completion(70, 3, student="s0"))
        report = await replay_all(school.engine, DEFAULT, SWITCH)
        kept = TopicRead(kept=41)
        assert report == ReplayReport(students=5, events=40, equal=5, waiting=[event_id(70)], topic=kept)
