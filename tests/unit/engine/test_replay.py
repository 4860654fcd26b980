"""Rebuilding from the archive beside the live state, comparing, and switching while workers go on."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.memory import MemoryArchive
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, decode_document, encode_document
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.engine.committed import committed_beside
from mastery_engine.engine.differences import differences
from mastery_engine.engine.replay import SIDE_BY_SIDE_SECONDS, STEP_DEADLINE_SECONDS, SWITCH_TRIES
from mastery_engine.ports import Write
from tests.faults.meddling import Failing, Meddling, down, poison
from tests.unit.engine.house import GROUP, House, completion, event_id, quiz, visit
from tests.unit.engine.two_students import folded

KEY = keys.document("default", "ann")
TENANT = Tenant(tenant_id="default")


async def _spoil(house: House) -> None:
    """What an older release might have done: one event counted twice."""
    entry = await house.entry(KEY)
    assert entry is not None
    document = decode_document(entry.value)
    document.state.courses["A"].now.events += 1
    await house.store.write_many([Write(KEY, encode_document(document))])


async def test_a_rebuilt_student_equals_the_live_one_and_nothing_is_switched() -> None:
    house = await folded()
    before = await house.entry(KEY)
    told: list[int] = []
    report = await house.replay().run(TENANT, "r1", switch=True, progress=told.append)
    assert (report.students, report.equal, report.events, report.switched) == (2, 2, 7, 0)
    assert told == [7]
    assert await house.entry(KEY) == before


async def test_the_rebuilt_state_lies_beside_the_live_one_for_a_week() -> None:
    house = await folded()
    await house.replay().run(TENANT, "r1", switch=False)
    aside = await house.entry(keys.rebuilt("default", "r1", "ann"))
    assert aside is not None
    assert list(differences((await house.document()).state, decode_document(aside.value).state)) == []
    house.clock.ms += SIDE_BY_SIDE_SECONDS * 1_000
    assert await house.entry(keys.rebuilt("default", "r1", "ann")) is None


async def test_what_was_rebuilt_beside_the_live_state_can_be_forgotten() -> None:
    house = await folded()
    await house.replay().run(TENANT, "r1", switch=False)
    await house.replay().run(TENANT, "r2", switch=False)
    await house.replay().forget(TENANT, "r1", ["ann", "bob", "nobody"])
    runs = [key.split(":")[1] async for batch in house.store.scan("replay:") for key in batch]
    assert runs == ["r2", "r2"]


async def test_one_student_alone_can_be_rebuilt() -> None:
    house = await folded()
    report = await house.replay().run(TENANT, "r1", student_id="bob", switch=True)
    assert (report.students, report.equal, report.events) == (1, 1, 3)
    nobody = await house.replay().run(TENANT, "r1", student_id="nobody", switch=True)
    assert nobody.students == 0


async def test_a_state_that_differs_is_told_and_switched_only_if_asked() -> None:
    house = await folded()
    await _spoil(house)
    report = await house.replay().run(TENANT, "r1", switch=False)
    assert report.different == {"ann": ["course 'A', all: events: 5 live, 4 rebuilt"]}
    assert (report.equal, report.switched) == (1, 0)
    report = await house.replay().run(TENANT, "r2", switch=True)
    assert (report.switched, (await house.document()).state.events) == (1, 4)
    assert (await house.replay().run(TENANT, "r3", switch=True)).equal == 2


async def test_a_switch_takes_offsets_outcomes_notes_and_the_last_result_from_the_live_document() -> None:
    house = await folded()
    await house.send(quiz(500))
    with poison(500):
        await house.work()
    before = await house.document()
    await _spoil(house)
    report = await house.replay().run(TENANT, "r1", switch=True)
    after = await house.document()
    assert report.waiting == [event_id(500)]
    assert (after.offsets, after.outcomes, after.given_up, after.published) == (
        before.offsets,
        before.outcomes,
        before.given_up,
        before.published,
    )


async def test_a_lost_state_store_is_rebuilt_whole_and_redelivery_adds_nothing() -> None:
    house = await folded()
    live = await house.document()
    async for batch in house.store.scan("student:"):
        await house.store.write_many([Write(key, None) for key in batch])
    async for batch in house.store.scan("processed:"):
        await house.store.write_many([Write(key, None) for key in batch])
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert (report.missing, report.switched, report.equal) == (2, 2, 0)
    again = await house.work(consumer=house.log.consumer("from the start"))
    assert again.folded == 0
    assert list(differences(live.state, (await house.document()).state)) == []
    await house.send(quiz(77))
    assert (await house.work()).folded == 1


async def test_a_document_that_cannot_be_read_is_rebuilt() -> None:
    house = await folded()
    live = await house.document()
    await house.store.write_many([Write(KEY, b"\xff rubbish")])
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert "damaged" in report.different["ann"][0]
    assert list(differences(live.state, (await house.document()).state)) == []


async def test_a_document_of_a_newer_release_is_left_alone() -> None:
    house = await folded()
    entry = await house.entry(KEY)
    assert entry is not None
    newer = entry.value[:1] + b"\x09" + entry.value[2:]
    await house.store.write_many([Write(KEY, newer)])
    with pytest.raises(NewerVersion):
        await house.replay().run(TENANT, "r1", switch=True)


async def test_a_switch_catches_up_when_a_worker_folds_meanwhile() -> None:
    house = await folded()
    await _spoil(house)

    async def fold_one_more() -> None:
        await house.send(quiz(55))
        await house.work()

    store = Meddling(house.store, "write_many", 1, fold_one_more)
    report = await house.replay(store=store).run(TENANT, "r1", student_id="ann", switch=True)
    assert report.switched == 1
    assert (await house.document()).state.events == 5


async def test_what_a_worker_has_folded_and_not_archived_yet_is_not_lost_by_a_switch() -> None:
    house = await folded()
    await house.send(quiz(55))
    with pytest.raises(Exception, match="plug"):
        await house.work(archive=Failing(house.archive, "add", down()))
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert report.behind == ["ann"]
    assert (report.switched, len(house.clock.slept)) == (0, SWITCH_TRIES - 1)
    assert (await house.document()).state.events == 5
    await house.work()
    assert (await house.replay().run(TENANT, "r2", switch=True)).equal == 2


async def test_a_replay_waits_for_a_worker_that_is_about_to_archive() -> None:
    house = await folded()
    consumer = house.log.consumer(GROUP)
    processor = house.processor(consumer, archive=Failing(house.archive, "add", down()))
    await house.send(quiz(55))
    with pytest.raises(Exception, match="plug"):
        await processor.step(10)
    store = Meddling(house.store, "get_many", 5, lambda: _finish(house))
    report = await house.replay(store=store).run(TENANT, "r1", student_id="ann", switch=True)
    assert (report.equal, report.behind) == (1, [])


async def test_a_replay_waits_for_an_archive_that_is_written_behind_those_who_fold() -> None:
    house = await folded()
    late, archivers = MemoryArchive(), house.log.consumer("archivers")
    ends = await house.log.ends()
    for student in ("ann", "bob"):
        await late.add(await house.archive.of_student("default", student))
    await house.send(quiz(55), completion(56, 3, student="bob"))
    await house.work()
    await archivers.commit(ends)
    replay = house.replay(archive=late, committed=lambda: committed_beside(house.log, GROUP, "archivers"))
    report = await replay.run(TENANT, "r1", switch=True)
    assert (report.behind, report.different, report.switched) == (["ann", "bob"], {}, 0)
    assert (await house.document()).state.events == 5

    async def archive() -> None:
        await late.add(await house.archive.of_student("default", "ann"))
        await archivers.commit(await house.log.ends())

    archive_behind = Meddling(late, "of_student", 2, archive)
    replay = house.replay(
        archive=archive_behind, committed=lambda: committed_beside(house.log, GROUP, "archivers")
    )
    report = await replay.run(TENANT, "r2", student_id="ann", switch=True)
    assert (report.equal, report.behind) == (1, [])


async def _finish(house: House) -> None:
    await house.work()


async def test_a_replay_that_is_late_brings_nobody_back() -> None:
    house = await folded()
    await house.store.write_many([Write(KEY, None)])

    async def erased_meanwhile() -> None:
        house.clock.ms += int(STEP_DEADLINE_SECONDS * 1_000) + 1
        await house.store.write_many([Write(keys.erased(house.pseudonyms.of("default", "ann")), b"1")])

    archive = Meddling(house.archive, "of_student", 1, erased_meanwhile)
    report = await house.replay(archive=archive).run(TENANT, "r1", student_id="ann", switch=True)
    assert (report.erased, report.switched) == (1, 0)
    assert await house.entry(KEY) is None
    assert await house.entry(keys.rebuilt("default", "r1", "ann")) is None


async def test_erased_students_are_left_alone() -> None:
    house = await folded()
    await house.store.write_many([Write(KEY, TOMBSTONE)])
    await house.store.write_many(
        [
            Write(keys.document("default", "bob"), None),
            Write(keys.erased(house.pseudonyms.of("default", "bob")), b"1"),
        ]
    )
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert (report.erased, report.students, report.switched) == (2, 0, 0)
    assert await house.replay().what_if(TENANT, BUILT_IN[1]) == []


async def test_an_event_that_no_fold_survives_is_named_and_never_switched_past() -> None:
    house = await folded()
    await _spoil(house)
    with poison(11):
        report = await house.replay().run(TENANT, "r1", switch=True)
    assert report.switched == 0
    assert f"event {event_id(11)} cannot be folded: ZeroDivisionError: poison" in report.different["ann"]


async def test_days_that_left_the_window_are_taken_over_though_the_archive_dropped_them() -> None:
    house = House()
    await house.send(visit(1, "2023-12-20T10:00:00", "2023-12-19"), quiz(2, 9, "2024-03-09T10:00:00"))
    await house.work()
    house.clock.ms += 50 * DAY_MS
    await house.send(quiz(3, 4, "2024-04-28T10:00:00"))
    await house.work()
    await house.archive.drop_before("default", house.clock.ms // DAY_MS - 90 + 1)
    assert len(await house.archive.of_student("default", "ann")) == 2
    live = await house.document()
    assert live.state.courses["A"].base.events == 1
    report = await house.replay().run(TENANT, "r1", switch=True)
    assert (report.equal, report.events) == (1, 2)


async def test_what_another_formula_would_change_is_told_biggest_change_first() -> None:
    house = House()
    await house.send(quiz(1, 8), completion(2, 9, student="bob"), completion(3, 3, student="cy"))
    await house.work()
    changes = await house.replay().what_if(TENANT, BUILT_IN[1])
    found = [(one.student_id, one.score, one.level, one.new_score, one.new_level) for one in changes]
    assert [(name, old, new) for name, old, _, new, _ in found] == sorted(
        [(name, old, new) for name, old, _, new, _ in found], key=lambda one: (-abs(one[2] - one[1]), one[0])
    )
    assert {name: (old, new) for name, old, _, new, _ in found} == {
        "ann": (0.34, 0.85),
        "bob": (0.46, 0.92),
        "cy": (0.22, 0.44),
    }


async def test_many_students_are_rebuilt_in_several_batches() -> None:
    house = House()
    students = [f"s{number:03}" for number in range(450)]
    await house.send(*[quiz(number, student=name) for number, name in enumerate(students)])
    await house.work()
    told: list[int] = []
    report = await house.replay().run(TENANT, "r1", switch=False, progress=told.append)
    assert (report.students, report.equal) == (450, 450)
    assert told == [100, 100, 100, 100, 50]
