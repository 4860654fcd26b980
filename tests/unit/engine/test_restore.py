"""Restoring: into an empty store, what is still to live, of nobody who is erased; and the log goes back."""

from __future__ import annotations

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.ports import Write
from tests.faults.meddling import Meddling
from tests.unit.engine.backup_house import BackupHouse, key_of
from tests.unit.engine.house import GROUP, quiz

SCHOOL = Tenant(tenant_id="school", retention_days=None)


async def lost(*, more: int = 0) -> BackupHouse:
    """A backup of three students, some events folded later, and the state gone."""
    house = BackupHouse()
    await house.tenants.create(SCHOOL)
    await house.send(quiz(1), quiz(2, student="bob"), quiz(3, tenant="school"))
    await house.work()
    await house.work()
    await house.back_up()
    house.clock.ms += 1_000
    await house.send(*(quiz(100 + number) for number in range(more)))
    if more:
        await house.work()
    house.lose()
    return house


async def test_a_restored_state_is_what_was_backed_up() -> None:
    house = await lost()
    report = await house.restore()
    assert (report.documents, report.processed, report.tenants) == (3, 3, 1)
    assert (report.to_come, report.lost, report.other_topic, report.needs_replay) == (0, 0, False, False)
    assert await house.counted() == {key_of("ann"): 1, key_of("bob"): 1, key_of("ann", "school"): 1}
    assert await house.tenants.get("school") == SCHOOL
    for tenant in ("default", "school"):
        assert [one.entry.action for one in await house.audit.read(tenant)] == [
            "backup.create",
            "backup.restore",
        ]


async def test_what_was_folded_later_comes_again_and_repeats_count_once() -> None:
    house = await lost(more=3)
    report = await house.restore()
    assert (report.to_come, report.offsets) == (3, {0: 3})
    await house.send(quiz(1), quiz(100))
    await house.work()
    assert await house.counted() == {key_of("ann"): 4, key_of("bob"): 1, key_of("ann", "school"): 1}


async def test_what_the_log_no_longer_has_is_told_and_a_replay_brings_it() -> None:
    house = await lost(more=3)
    house.clock.ms += 8 * DAY_MS
    await house.log.trim(house.clock.ms)
    await house.send(quiz(200))
    report = await house.restore()
    assert (report.lost, report.to_come, report.needs_replay) == (3, 1, True)
    await house.work()
    assert (await house.document()).state.events == 2
    replayed = await house.replay().run(Tenant(tenant_id="default"), "r", switch=True)
    assert replayed.switched == 1
    assert (await house.document()).state.events == 5


async def test_a_new_log_is_read_from_its_start() -> None:
    house = await lost(more=3)
    await house.log.recreate("another")
    await house.send(quiz(200))
    await house.log.consumer(GROUP).commit({0: 1})
    report = await house.restore()
    assert (report.other_topic, report.needs_replay, report.offsets) == (True, True, {0: 0})
    await house.work()
    await house.replay().run(Tenant(tenant_id="default"), "r", switch=True)
    assert (await house.document()).state.events == 5


async def test_a_log_older_than_the_backup_is_refused() -> None:
    house = await lost()
    await house.log.recreate("topic")
    with pytest.raises(Conflict, match="the log is older than the backup: partition 0 ends at 0"):
        await house.restore()


async def test_a_store_with_students_is_refused_or_emptied() -> None:
    house = await lost()
    await house.send(quiz(50, student="new"))
    await house.work()
    with pytest.raises(Conflict, match="--replace"):
        await house.restore()
    report = await house.restore(empties=True)
    assert report.removed > 0
    assert key_of("new") not in await house.counted()
    await house.work()
    assert (await house.counted())[key_of("new")] == 1


async def test_what_keeps_somebody_out_is_not_emptied() -> None:
    house = await lost()
    await house.send(quiz(50, student="new"))
    await house.work()
    kept = [
        keys.erased("ab" * 16),
        keys.revoked_token("default", "j"),
        keys.revoked_token("school", "j"),
        keys.erasing("school"),
        keys.restricted("school"),
        keys.job("school", "1"),
    ]
    await house.store.write_many([Write(key, b"{}") for key in kept])
    await house.restore(empties=True)
    assert [key for key in kept if await house.entry(key) is None] == []


async def test_what_keeps_somebody_out_makes_no_store_one_that_holds_students() -> None:
    house = await lost()
    names = (keys.revoked_token("school", "j"), keys.erasing("school"))
    await house.store.write_many([Write(key, b"{}") for key in names])
    assert (await house.restore()).documents == 3


async def test_revoked_tokens_stay_revoked_and_a_newer_note_of_them_stands() -> None:
    house = BackupHouse()
    await house.tenants.create(SCHOOL)
    of_token, of_subject = (
        keys.revoked_token("school", "j"),
        keys.revoked_subject("default", "ab" * 16),
    )
    await house.store.write_many([Write(of_token, b"1"), Write(of_subject, b"100")])
    await house.back_up()
    house.lose()
    await house.store.write_many([Write(of_subject, b"200")])
    await house.restore()
    found = [await house.entry(key) for key in (of_token, of_subject)]
    assert [entry and entry.value for entry in found] == [b"1", b"200"]
    house.lose()
    house.clock.ms += 33 * DAY_MS
    await house.restore()
    assert await house.entry(of_token) is None


async def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    house = await lost(more=2)
    await house.erase("bob")
    report = await house.restore(dry_run=True)
    assert (report.documents, report.erased, report.to_come, report.was_empty) == (2, 1, 2, True)
    assert await house.counted() == {}
    assert [one.entry.action for one in await house.audit.read("default")] == ["backup.create"]
    assert await house.log.consumer(GROUP).committed() == {0: 5}


async def test_another_key_of_the_hashes_is_refused() -> None:
    house = await lost()
    with pytest.raises(Conflict, match="MASTERY_PSEUDONYM_KEY"):
        await house.restore(pseudonyms=keys.Pseudonyms(b"x" * 32))


async def test_who_folds_meanwhile_is_found_out() -> None:
    house = await lost()

    async def folds() -> None:
        await house.send(quiz(70))
        await house.work()

    with pytest.raises(Conflict, match="somebody has folded while"):
        await house.restore(store=Meddling(house.store, "write_many", 1, folds))


async def test_who_is_about_to_fold_is_found_out_though_nothing_is_committed_yet() -> None:
    house = await lost()
    original = house.log.consumer

    async def joins() -> None:
        house.log.consumer = lambda _: Meddling(original(GROUP), "commit", 1, refuse)  # type: ignore[method-assign]

    async def refuse() -> None:
        raise Conflict("the consumer group is at work")

    with pytest.raises(Conflict, match="somebody has folded while"):
        await house.restore(store=Meddling(house.store, "write_many", 1, joins))


async def test_an_erased_student_stays_erased_and_so_do_events_that_come_again() -> None:
    house = await lost(more=1)
    await house.erase("ann")
    report = await house.restore()
    assert (report.erased, report.documents, report.processed, report.markers) == (1, 2, 2, 1)
    await house.work()
    assert await house.counted() == {key_of("bob"): 1, key_of("ann", "school"): 1}


async def test_an_erasure_done_and_lifted_since_the_backup_leaves_its_student_out() -> None:
    house = await lost()
    await house.erase("ann", lift=True)
    report = await house.restore()
    assert (report.erased, report.markers) == (1, 1)
    assert key_of("ann") not in await house.counted()


async def test_a_student_who_came_back_before_the_backup_is_restored() -> None:
    house = BackupHouse()
    await house.erase("ann", lift=True)
    house.clock.ms += 1_000
    await house.send(quiz(1, when="2024-03-10T12:00:01"))
    await house.work()
    await house.back_up()
    house.lose()
    assert (await house.restore()).documents == 1


async def test_a_marker_that_was_lifted_since_comes_back_as_lifted_and_an_unknown_one_as_it_was() -> None:
    house = BackupHouse()
    names = [house.pseudonyms.of("default", student) for student in ("ann", "bob")]
    await house.store.write_many([Write(keys.erased(name), b"{}") for name in names])
    await house.erase("ann", lift=True)
    await house.back_up()
    house.lose()
    await house.restore()
    found = [await house.entry(keys.erased(name)) for name in names]
    # The one that was lifted keeps old events out, and no others.
    assert [refused_until(entry and entry.value) for entry in found] == [house.clock.ms, None]


async def test_a_school_that_the_backup_does_not_know_comes_from_the_book() -> None:
    house = await lost()
    await house.book.keep([Tenant(tenant_id="later")])
    await house.restore()
    assert await house.entry(keys.tenant("later")) is not None


async def test_lives_go_on_as_they_would_have() -> None:
    house = await lost()
    house.clock.ms += 89 * DAY_MS
    report = await house.restore()
    # Ann's and Bob's events are of two days before the backup, so that their 90 days have passed.
    assert (report.expired, report.documents, report.processed) == (2, 1, 3)
    house.clock.ms += DAY_MS
    records = [
        await house.entry(keys.processed(tenant, bytes.fromhex(f"{0:08}00004000{'8000'}{n:012x}")))
        for tenant, n in (("default", 1), ("school", 3))
    ]
    assert [entry is not None for entry in records] == [False, True]


async def test_one_school_of_a_backup_can_be_restored_beside_others() -> None:
    house = await lost()
    await house.send(quiz(60, student="new"))
    await house.work()
    report = await house.restore(tenant_id="school")
    assert (report.documents, report.removed) == (1, 0)
    assert await house.counted() == {key_of("new"): 1, key_of("ann", "school"): 1}
    with pytest.raises(NotFound, match="no school 'nobody'"):
        await house.restore(tenant_id="nobody")
    again = await house.restore(tenant_id="school", empties=True)
    assert again.removed > 0
    assert await house.counted() == {key_of("new"): 1, key_of("ann", "school"): 1}


@pytest.mark.parametrize("held", ["store", "backup"])
async def test_who_is_kept_out_by_a_marker_alone_is_not_restored_by_a_ledger_that_was_lost(held: str) -> None:
    house = BackupHouse()
    await house.send(quiz(1), quiz(2, student="bob"))
    await house.work()
    marker = Write(keys.erased(house.pseudonyms.of("default", "ann")), b'{"v":1,"asked_ms":1}')
    if held == "backup":
        await house.store.write_many([marker])
    await house.back_up()
    house.lose()
    if held == "store":
        await house.store.write_many([marker])
    report = await house.restore()
    assert (report.erased, report.documents) == (1, 1)
    assert await house.counted() == {key_of("bob"): 1}
    found = await house.entry(marker.key)
    assert found is not None
    assert found.value == marker.value
