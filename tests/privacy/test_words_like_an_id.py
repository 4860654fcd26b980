"""Words that are like a student's id keep no erasure open: it ends with a report, and takes nothing of others along."""

from __future__ import annotations

from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.access import Caller
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event

WORDS = ("10", "open", "done", "wait", "default", "invalid", "keys", "admin", "0006")


def in_memory(school: Leaving) -> bool:
    return school.engine.settings.store_url == "memory://"


async def test_a_class_with_the_name_of_a_student_stays_and_is_told(school: Leaving) -> None:
    await school.settle()
    cohorts = school.engine.cohorts
    ben = (Membership(person_id=BEN),)
    for name in (ANNA, f"student:{ANNA}"):
        await cohorts.put(admin(), Cohort(cohort_id=name, name=name, students=ben))
        await cohorts.get(admin(), name)
        await school.engine.analytics.compare(admin(), name, student_id=BEN)
    done = await school.erase()
    assert (done.state, await school.left()) == ("done", set())
    assert [one.cohort_id for one in await school.engine.adapters.rosters.list("default")] == [
        "7b",
        ANNA,
        f"student:{ANNA}",
    ]
    assert done.report is not None
    stays = done.report["words_of_others"]
    # Where there are rows, the report tells in which tables; without ids.
    assert {name.split()[-1] for name in stays} in (
        set(),
        {"cohorts", "audit_records", "cohort_teachers"} & stays_of(stays),
    )
    assert ANNA not in repr(done)


def stays_of(stays: dict[str, int]) -> set[str]:
    return {name.split()[-1] for name in stays}


async def test_courses_and_notes_in_events_of_others_stay_and_are_told(school: Leaving) -> None:
    await school.settle()
    named = event(50, BEN)
    await school.append(
        replace(named, course_id=ANNA),
        replace(named, event_id=event(51, BEN).event_id, course_id=f"student:{ANNA}"),
        replace(
            named, event_id=event(52, BEN).event_id, metadata={"student_id": ANNA, "peer": f"student:{ANNA}"}
        ),
    )
    assert await school.fold() == 3
    before = await school.left(BEN)
    done = await school.erase()
    assert (done.state, await school.left()) == ("done", set())
    assert await school.left(BEN) == before
    assert len(await school.engine.adapters.archive.of_student("default", BEN)) == 6
    assert done.report is not None
    assert bool(done.report["words_of_others"]) != in_memory(school)


async def test_a_request_id_of_an_older_record_stays_and_is_told(school: Leaving) -> None:
    await school.settle()
    caller = Caller(tenant_id="default", subject="head", role="admin", request_id=f"student:{ANNA}")
    await school.engine.queries.profile(caller, BEN)
    done = await school.erase()
    assert done.state == "done"


async def test_students_whose_ids_are_words_of_ours_are_erased(school: Leaving) -> None:
    await school.settle()
    await school.append(*(event(60 + number, one) for number, one in enumerate(WORDS)))
    await school.fold()
    for student_id in WORDS:
        await school.letter(3, student_id)
    others = await school.left(BEN)
    asked = [await school.engine.erasures.ask(admin(), one) for one in WORDS]
    await school.runner().run_once()
    for student_id, request in zip(WORDS, asked, strict=True):
        done = await school.request(request.request_id)
        assert (student_id, done.state, await school.left(student_id)) == (student_id, "done", set())
    assert await school.left(BEN) == others
    kept = [keys.tenant("other"), *(f"job:{one}" for one in (1, 2, 3))]
    assert None not in await school.engine.adapters.store.get_many(kept)


async def test_a_student_of_the_same_id_in_another_school_keeps_jobs_and_events(school: Leaving) -> None:
    await school.settle()
    done = await school.erase(ANNA, "other")
    assert (done.state, await school.left(ANNA, "other")) == ("done", set())
    store = school.engine.adapters.store
    assert None not in await store.get_many(["job:1", "idempotency:x:y"])
    # An event without a tenant is of `default`, and of nobody else.
    await school.append_raw(b'{"event_id":"x","student_id":"%s"}' % ANNA.encode())
    await school.erase(ANNA, "other")
    records = await school.engine.adapters.log.read(0, 0, 100)
    assert [one for one in records if one.value.startswith(b'{"event_id":"x"')]
