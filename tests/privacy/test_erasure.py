"""A student is erased: nothing is left, nobody else is touched, and nothing brings the student back."""

from __future__ import annotations

import pytest

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import NotAllowed
from mastery_engine.engine.erasure.parts import MARGIN_SECONDS, WAIT_SECONDS
from mastery_engine.engine.step import STEP_DEADLINE_SECONDS, WRITE_SECONDS
from tests.api.school import NOW_MS
from tests.privacy.leaving import ANNA, BEN, PEOPLE, Leaving, admin, event


async def test_nothing_is_left_and_nobody_else_is_touched(school: Leaving) -> None:
    await school.settle()
    before = {person: await school.left(person[1], person[0]) for person in PEOPLE}
    assert all(len(places) > 4 for places in before.values())
    done = await school.erase()
    assert done.state == "done", done
    assert await school.left() == set()
    for tenant_id, student_id in PEOPLE[1:]:
        assert await school.left(student_id, tenant_id) == before[tenant_id, student_id]
    store = school.engine.adapters.store
    gone = [
        "job:1",
        "idempotency:x:y",
        keys.processed("default", bytes.fromhex(f"0000000000004000800000000000{1:04x}")),
    ]
    stays = ["job:2", "job:3", keys.erased(school.engine.pseudonyms.of("default", ANNA))]
    assert await store.get_many(gone) == [None, None, None]
    assert None not in await store.get_many(stays)


async def test_the_report_tells_counts_and_dates_and_nobodys_id(school: Leaving) -> None:
    await school.settle()
    done = await school.erase()
    assert done.report is not None
    removed = done.report["removed"]
    assert removed["documents"] == 1
    assert removed["archive"] == 3
    assert removed["processed"] == 3
    assert removed["mastery.requests"] == 3
    assert removed["dead letters"] == 1
    assert removed["rosters"] == 1
    assert removed["values"] == 2
    assert removed["keys"] >= 8
    assert done.report["verified"]["left"] == 0
    assert done.report["verified"]["state_store"] == "every key and value"
    assert done.sealed is None
    assert ANNA not in repr(done)
    assert done.subject == school.engine.pseudonyms.of("default", ANNA)


async def test_one_of_whom_nothing_is_known_is_erased_too(school: Leaving) -> None:
    done = await school.erase("never-seen")
    assert (done.state, done.report and done.report["removed"]) == ("done", {})
    await school.append(event(1, "never-seen"))
    assert await school.fold() == 0


async def test_late_events_and_repeats_do_not_bring_the_student_back(school: Leaving) -> None:
    await school.settle()
    await school.erase()
    await school.append(event(1, ANNA), event(90, ANNA, at_ms=school.clock.now_ms() - 1))
    assert await school.fold() == 0
    assert await school.letter(7, ANNA) == 0
    assert await school.left() == {"log"}


async def test_a_lifted_erasure_lets_new_events_in_and_no_older_ones(school: Leaving) -> None:
    await school.settle()
    done = await school.erase()
    school.clock.ms += 1_000
    lifted = await school.engine.erasures.lift(admin(), done.request_id)
    assert lifted.state == "lifted"
    await school.append(event(1, ANNA), event(91, ANNA, at_ms=NOW_MS - 5))
    assert await school.fold() == 0
    await school.append(event(92, ANNA, at_ms=school.clock.now_ms()))
    await school.append(event(93, ANNA, at_ms=NOW_MS - 5))
    assert await school.fold() == 1
    await school.append(event(94, ANNA, at_ms=NOW_MS - 5))
    assert await school.fold() == 0
    kept = await school.engine.adapters.archive.of_student("default", ANNA)
    assert [one.event_id for one in kept] == [event(92, ANNA).event_id]
    assert (await school.engine.erasures.lift(admin(), done.request_id)).state == "lifted"


async def test_who_came_back_may_be_erased_again(school: Leaving) -> None:
    await school.settle()
    done = await school.erase()
    school.clock.ms += 1_000
    await school.engine.erasures.lift(admin(), done.request_id)
    await school.append(event(92, ANNA, at_ms=school.clock.now_ms()))
    await school.fold()
    again = await school.erase()
    assert (again.state, again.request_id != done.request_id) == ("done", True)
    assert await school.left() == set()
    await school.append(event(95, ANNA, at_ms=school.clock.now_ms()))
    assert await school.fold() == 0


async def test_an_erasure_asked_for_twice_is_one(in_memory: Leaving) -> None:
    asked = [(await in_memory.engine.erasures.ask(admin(), ANNA)).request_id for _ in range(2)]
    assert asked[0] == asked[1]
    assert [one.number for one in await in_memory.engine.erasures.oldest_open()] == [1]


async def test_only_admins_and_operators_may_and_every_try_is_on_record(in_memory: Leaving) -> None:
    for role in ("student", "teacher", "service"):
        with pytest.raises(NotAllowed):
            await in_memory.engine.erasures.ask(admin(role=role), ANNA)
    await in_memory.engine.erasures.ask(admin(role="operator"), ANNA)
    entries = [one.entry for one in await in_memory.engine.adapters.audit.read("default")]
    assert [(one.action, one.allowed) for one in entries] == [("privacy.erase", False)] * 3 + [
        ("privacy.erase", True)
    ]
    assert ANNA not in repr(entries)


async def test_a_student_with_an_id_of_one_letter_is_erased_and_no_other(school: Leaving) -> None:
    await school.append(event(1, "a"), event(2, "aa"), event(3, "b-a"), event(4, BEN))
    await school.fold()
    done = await school.erase("a")
    assert done.state == "done"
    assert await school.left("a") == set()
    for other in ("aa", "b-a", BEN):
        assert len(await school.left(other)) > 3


def test_the_wait_is_longer_than_any_write_of_a_step() -> None:
    assert STEP_DEADLINE_SECONDS + WRITE_SECONDS + MARGIN_SECONDS == WAIT_SECONDS
    assert MARGIN_SECONDS > 0
