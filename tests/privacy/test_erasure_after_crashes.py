"""An eraser dies at each change that it makes, and another one goes on: nothing is left, and all is in force."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.engine.erasure.runner import LEASE_KEY, LEASE_SECONDS, ErasureRunner
from mastery_engine.ports import Write
from tests.faults.meddling import Killed
from tests.privacy.dying import Life
from tests.privacy.leaving import Leaving, admin

MOST_CHANGES = 200


async def _dies(school: Leaving, student_id: str, changes: int, *, before: bool) -> Life | None:
    """Ask for an erasure, and let an eraser die of it; None where it lived to the end."""
    await school.engine.erasures.ask(admin(), student_id)
    life = Life(changes, before=before)
    runner = ErasureRunner(life.of(school.ports), f"dying of {student_id}")
    try:
        await runner.run_once()
    except Killed:
        return life
    return None


async def _resumed(school: Leaving, student_id: str) -> PrivacyRequest:
    """Another eraser goes on once the lease of the dead one has expired."""
    # A server's own clock does not go on with ours.
    school.clock.ms += LEASE_SECONDS * 1_000 + 1
    await school.store([Write(LEASE_KEY, None)])
    await school.runner(f"after {student_id}").run_once()
    subject = school.engine.pseudonyms.of("default", student_id)
    (request,) = await school.ports.requests.find(tenant_id="default", kind="erasure", subject=subject)
    return request


async def _check(school: Leaving, request: PrivacyRequest, student_id: str, where: str) -> None:
    assert (request.state, request.sealed) == ("done", None), where
    assert await school.left(student_id) == set(), where
    assert request.report is not None, where
    assert request.subject is not None, where
    (marker,) = await school.ports.store.get_many([keys.erased(request.subject)])
    assert refused_until(None if marker is None else marker.value) is None, where
    assert [one.state for one in await school.ports.ledger.of_student("default", request.subject)] == ["done"]


async def _every(school: Leaving, step: int, *, before: bool) -> AsyncIterator[tuple[str, str]]:
    """Erase one student after the other, each time with a death some changes later."""
    places: set[str] = set()
    for changes in range(0, MOST_CHANGES, step):
        student_id = f"s-{changes}"
        await school.settle_one(student_id, changes)
        life = await _dies(school, student_id, changes, before=before)
        if life is None:
            break
        places.add(life.last)
        yield student_id, f"{life.last}, change {life.changes}"
    else:
        raise AssertionError("the eraser never came to its end")
    # Every store was died on.
    assert {place.partition(".")[0] for place in places} > {
        "store",
        "requests",
        "archive",
        "ledger",
    } or step > 1


@pytest.mark.parametrize("before", [True, False], ids=["before it", "after it"])
async def test_a_death_at_any_change_leaves_nothing_once_another_has_gone_on(
    in_memory: Leaving, *, before: bool
) -> None:
    await in_memory.settle()
    async for student_id, where in _every(in_memory, 1, before=before):
        done = await _resumed(in_memory, student_id)
        await _check(in_memory, done, student_id, where)


async def test_the_same_on_files_and_servers(school: Leaving) -> None:
    await school.settle()
    async for student_id, where in _every(school, 7, before=False):
        done = await _resumed(school, student_id)
        await _check(school, done, student_id, where)


async def test_several_deaths_of_one_erasure_still_end(in_memory: Leaving) -> None:
    await in_memory.settle_one("ann", 1)
    for changes in range(MOST_CHANGES):
        life = await _dies(in_memory, "ann", changes, before=changes % 2 == 0)
        await in_memory.store([Write(LEASE_KEY, None)])
        if life is None:
            break
    request = (await in_memory.ports.requests.find(tenant_id="default", kind="erasure"))[0]
    await _check(in_memory, request, "ann", "at the end")


async def test_the_report_counts_what_went_before_the_crash(in_memory: Leaving) -> None:
    await in_memory.settle_one("ann", 1)
    await in_memory.settle_one("whole", 2)
    whole = await in_memory.erase("whole")
    assert whole.report is not None
    subject = in_memory.engine.pseudonyms.of("default", "ann")
    # It dies where it notes that it sweeps again: the first sweep is done, and its counts are not kept yet.
    for changes in range(MOST_CHANGES):
        await _dies(in_memory, "ann", changes, before=False)
        await in_memory.store([Write(LEASE_KEY, None)])
        (request,) = await in_memory.ports.requests.find(kind="erasure", subject=subject)
        if request.progress.get("step") == "sweep again":
            break
    done = await _resumed(in_memory, "ann")
    assert done.report is not None
    assert done.report["removed"]["documents"] == 1
