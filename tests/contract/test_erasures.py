"""What every erasure ledger keeps to, and the archive beside it."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.ports import Archive, Erasure, ErasureLedger
from tests.contract.factories import PSEUDONYMS
from tests.contract.test_archive import event

ANN, BEN = (PSEUDONYMS.of("t1", student) for student in ("s1", "s2"))
ADMIN, OTHER = (PSEUDONYMS.of("t1", actor) for actor in ("admin", "other"))
DAY_MS = 86_400_000
ASKED = Erasure(tenant_id="t1", student=ANN, number=1, asked_ms=1_000, asked_by=ADMIN)


async def test_an_erasure_is_asked_for_done_and_lifted(ledger: ErasureLedger) -> None:
    assert await ledger.ask("t1", ANN, 1_000, ADMIN) == ASKED
    done = await ledger.finish("t1", ANN, 2_000)
    assert done is not None
    assert (done.state, done.done_ms, done.lifted_ms) == ("done", 2_000, None)
    lifted = await ledger.lift("t1", ANN, 3_000, OTHER)
    assert lifted is not None
    assert (lifted.state, lifted.lifted_ms, lifted.lifted_by) == ("lifted", 3_000, OTHER)
    assert (lifted.asked_ms, lifted.asked_by, lifted.done_ms) == (1_000, ADMIN, 2_000)
    assert await ledger.of_student("t1", ANN) == [lifted]


async def test_each_step_counts_once_and_the_first_stands(ledger: ErasureLedger) -> None:
    await ledger.ask("t1", ANN, 1_000, ADMIN)
    assert await ledger.ask("t1", ANN, 1_500, OTHER) == ASKED
    done = await ledger.finish("t1", ANN, 2_000)
    assert await ledger.finish("t1", ANN, 2_500) == done
    assert await ledger.ask("t1", ANN, 2_600, OTHER) == done
    lifted = await ledger.lift("t1", ANN, 3_000, OTHER)
    assert await ledger.lift("t1", ANN, 3_500, ADMIN) == lifted
    assert await ledger.finish("t1", ANN, 4_000) == lifted


async def test_nothing_is_done_or_lifted_that_was_not_asked_for(ledger: ErasureLedger) -> None:
    assert await ledger.finish("t1", ANN, 1) is None
    assert await ledger.lift("t1", ANN, 1, ADMIN) is None
    assert await ledger.of_student("t1", ANN) == []


async def test_an_erasure_that_is_not_done_is_not_lifted(ledger: ErasureLedger) -> None:
    await ledger.ask("t1", ANN, 1_000, ADMIN)
    assert await ledger.lift("t1", ANN, 2_000, ADMIN) == ASKED


async def test_after_a_lift_another_may_be_asked_for_and_both_are_on_record(ledger: ErasureLedger) -> None:
    await ledger.ask("t1", ANN, 1_000, ADMIN)
    await ledger.finish("t1", ANN, 2_000)
    first = await ledger.lift("t1", ANN, 3_000, ADMIN)
    second = await ledger.ask("t1", ANN, 4_000, OTHER)
    assert (second.number, second.state, second.asked_ms) == (2, "asked", 4_000)
    assert await ledger.of_student("t1", ANN) == [first, second]
    assert await ledger.find("t1", [ANN]) == {ANN: second}
    assert await ledger.waiting() == [second]


async def test_of_many_students_the_erased_ones_are_found(ledger: ErasureLedger) -> None:
    hashes = [PSEUDONYMS.of("t1", f"s{n}") for n in range(700)]
    for student in hashes[:3]:
        await ledger.ask("t1", student, 1_000, ADMIN)
    assert (await ledger.find("t1", hashes)).keys() == set(hashes[:3])
    assert await ledger.find("t2", hashes) == {}
    assert await ledger.find("t1", []) == {}
    assert await ledger.of_student("t2", hashes[0]) == []


async def test_those_that_wait_come_oldest_first(ledger: ErasureLedger) -> None:
    ages = {PSEUDONYMS.of("t1", f"s{n}"): 1_000 + n * 7 % 5 for n in range(5)}
    for student, asked_ms in ages.items():
        await ledger.ask("t1" if asked_ms % 2 else "t2", student, asked_ms, ADMIN)
    assert [one.asked_ms for one in await ledger.waiting()] == [1_000, 1_001, 1_002, 1_003, 1_004]
    assert [one.asked_ms for one in await ledger.waiting(2)] == [1_000, 1_001]
    oldest = (await ledger.waiting(1))[0]
    await ledger.finish(oldest.tenant_id, oldest.student, 2_000)
    assert [one.asked_ms for one in await ledger.waiting()] == [1_001, 1_002, 1_003, 1_004]


async def test_the_latest_erasure_of_everybody_is_told_in_pages(ledger: ErasureLedger) -> None:
    hashes = sorted(PSEUDONYMS.of("t1", f"s{n}") for n in range(5))
    for student in hashes:
        await ledger.ask("t1" if student < hashes[2] else "t2", student, 1_000, ADMIN)
    await ledger.finish("t1", hashes[1], 2_000)
    await ledger.lift("t1", hashes[1], 3_000, ADMIN)
    second = await ledger.ask("t1", hashes[1], 4_000, ADMIN)
    first = await ledger.latest("", 2)
    assert [one.student for one in first] == hashes[:2]
    assert first[1] == second
    assert [one.student for one in await ledger.latest(first[-1].student, 2)] == hashes[2:4]
    assert [(one.student, one.tenant_id) for one in await ledger.latest(hashes[3])] == [(hashes[4], "t2")]
    assert await ledger.latest(hashes[4]) == []


@pytest.mark.parametrize(
    ("student", "by"), [("ada-01", ADMIN), (ANN, "os:ada-01"), (ANN.upper(), ADMIN), ("", ADMIN)]
)
async def test_an_id_is_refused_and_not_repeated(ledger: ErasureLedger, student: str, by: str) -> None:
    for attempt in (ledger.ask("t1", student, 1_000, by), ledger.lift("t1", student, 1_000, by)):
        with pytest.raises(InvalidInput, match="must be a keyed hash") as refused:
            await attempt
        assert "ada-01" not in refused.value.message
    assert await ledger.waiting() == []


async def test_of_many_who_ask_at_once_one_begins_it(ledger: ErasureLedger) -> None:
    asked = await asyncio.gather(*(ledger.ask("t1", ANN, 1_000 + n, ADMIN) for n in range(8)))
    assert len({one.asked_ms for one in asked}) == 1
    await asyncio.gather(*(ledger.finish("t1", ANN, 2_000 + n) for n in range(8)))
    lifted = await asyncio.gather(*(ledger.lift("t1", ANN, 3_000 + n, ADMIN) for n in range(8)))
    assert len({one.lifted_ms for one in lifted if one is not None}) == 1
    assert len(await ledger.of_student("t1", ANN)) == 1


async def test_no_event_of_an_erased_student_is_archived(archive: Archive, ledger: ErasureLedger) -> None:
    assert await archive.add([event(1), event(2, "s2")]) == 2
    await ledger.ask("t1", ANN, 16_000 * DAY_MS, ADMIN)
    later = [event(3), event(4, "s2"), event(5, day=17_000), event(3, tenant="t2"), event(6, "s3")]
    assert await archive.add(later) == 3
    await ledger.finish("t1", ANN, 16_001 * DAY_MS)
    assert await archive.add([event(3)]) == 0
    # What was there before is the sweep's to remove.
    assert await archive.of_student("t1", "s1") == [event(1)]
    assert len(await archive.of_student("t1", "s2")) == 2
    assert len(await archive.of_student("t2", "s1")) == 1


async def test_once_lifted_only_what_is_newer_than_the_asking_is_archived(
    archive: Archive, ledger: ErasureLedger
) -> None:
    at = event(7).timestamp
    await ledger.ask("t1", ANN, at, ADMIN)
    await ledger.finish("t1", ANN, at + 1)
    await ledger.lift("t1", ANN, at + 2, ADMIN)
    assert await archive.add([event(6), event(7), event(8), event(9)]) == 2
    assert [one.offset for one in await archive.of_student("t1", "s1")] == [9, 8]


async def test_a_second_erasure_counts_and_not_the_first(archive: Archive, ledger: ErasureLedger) -> None:
    for number in (1, 2):
        at = event(10 * number).timestamp
        await ledger.ask("t1", ANN, at, ADMIN)
        await ledger.finish("t1", ANN, at)
        assert await archive.add([event(50)]) == 0
        await ledger.lift("t1", ANN, at, ADMIN)
    assert await archive.add([event(15), event(20), event(21)]) == 1


async def test_a_ledger_closes_twice(ledger: ErasureLedger) -> None:
    await ledger.close()
    await ledger.close()


async def test_a_ledger_of_earlier_days_learns_of_an_erasure_that_is_to_be_done_once_more(
    ledger: ErasureLedger,
) -> None:
    done = replace(ASKED, number=2, done_ms=2_000)
    assert await ledger.learn(done)
    assert await ledger.find("t1", [ANN]) == {ANN: replace(ASKED, number=2)}
    assert await ledger.waiting() == [replace(ASKED, number=2)]
    assert not await ledger.learn(done)
    assert not await ledger.learn(replace(ASKED, done_ms=1_500, lifted_ms=1_600, lifted_by=OTHER))


async def test_a_lift_is_learned_when_the_erasure_is_done_here_too(ledger: ErasureLedger) -> None:
    lifted = replace(ASKED, done_ms=2_000, lifted_ms=3_000, lifted_by=OTHER)
    assert await ledger.learn(lifted)
    assert not await ledger.learn(lifted)
    await ledger.finish("t1", ANN, 4_000)
    assert await ledger.learn(lifted)
    assert await ledger.find("t1", [ANN]) == {ANN: replace(lifted, done_ms=4_000)}
    assert not await ledger.learn(lifted)


async def test_nothing_is_learned_under_anything_but_keyed_hashes(ledger: ErasureLedger) -> None:
    for wrong in (replace(ASKED, student="ann"), replace(ASKED, asked_by="the admin")):
        with pytest.raises(InvalidInput):
            await ledger.learn(wrong)
    assert await ledger.latest() == []
