"""A state that many readers share is after every kind of reading what it was before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from msgspec.structs import replace as replace_fields

from mastery_engine.contracts import keys
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.cached_learners import CachedLearners
from tests.unit.engine.house import completion, quiz
from tests.unit.engine.small_school import School, caller, class_of, open_school

EVENTS = [
    *(quiz(day, day % 11, f"2024-02-{day:02}T10:00:00") for day in range(1, 26)),
    *(
        replace_fields(completion(100 + day, day % 11, f"2024-02-{day:02}T11:00:00"), course_id="loops")
        for day in range(1, 29)
    ),
    *(quiz(200 + day, 5, f"2024-03-{day:02}T10:00:00", student="bo") for day in range(1, 8)),
]
EARLIER = date(2024, 2, 20)
READS: dict[str, Callable[[School], Awaitable[object]]] = {
    "profile": lambda it: it.engine.queries.profile(caller(), "ann"),
    "profile as of a day": lambda it: it.engine.queries.profile(caller(), "ann", as_of=EARLIER),
    "profile of a course": lambda it: it.engine.queries.profile(caller(), "ann", course_id="loops"),
    "batch": lambda it: it.engine.queries.batch(caller(), ["ann", "bo"]),
    "batch as of a day": lambda it: it.engine.queries.batch(caller(), ["ann"], as_of=EARLIER),
    "forecast": lambda it: it.engine.predictions.forecast(caller(), "ann"),
    "trajectory": lambda it: it.engine.predictions.trajectory(caller(), "ann"),
    "recommendations": lambda it: it.engine.advice.recommendations(caller(), "ann"),
    "path": lambda it: it.engine.advice.path(caller(), "ann"),
    "history": lambda it: it.engine.analytics.history(caller(), "ann", aggregation="weekly"),
    "comparison": lambda it: it.engine.analytics.compare(caller(), "7a", student_id="ann"),
}


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.learn(*EVENTS)
        await opened.engine.adapters.rosters.put("default", [class_of("ann", "bo")])
        adapters = opened.engine.adapters
        cached = CachedLearners(adapters.store, adapters.clock, 64 << 20, CacheCounts.zero())
        yield School(replace(opened.engine, cached=cached), opened.clock)


def content(state: LearnerState) -> object:
    """All that a state says, whatever of it is unpacked."""
    courses = {
        course_id: [course.now, course.base, dict(course.days.items())]
        for course_id, course in sorted(state.courses.items())
    }
    return msgspec.to_builtins([state.kept_from, state.newest, state.newest_day, courses])


@pytest.mark.parametrize("kind", READS)
async def test_a_read_leaves_the_shared_state_as_it_was(school: School, kind: str) -> None:
    cached = school.engine.cached
    assert cached is not None
    (state,) = await cached.many([keys.document("default", "ann")])
    (own,) = await CachedLearners(school.engine.adapters.store, school.clock, 0, CacheCounts.zero()).many(
        [keys.document("default", "ann")]
    )
    assert state is not None
    assert own is not None
    first = await READS[kind](school)
    assert content(state) == content(own)
    assert msgspec.to_builtins(await READS[kind](school)) == msgspec.to_builtins(first)
    assert cached.counts.hits["l1"] >= 2
