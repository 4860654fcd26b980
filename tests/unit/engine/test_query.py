"""How a student stands: profile, what-if, many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from itertools import permutations
from math import nan

import pytest

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, NotAllowed, NotFound
from mastery_engine.domain.scores import Components
from mastery_engine.engine.query import MOST_IN_A_BATCH
from tests.unit.engine.house import completion, quiz
from tests.unit.engine.small_school import School, caller, class_of, open_school

NOTHING = Components(None, None, None, None)


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


async def test_a_profile_tells_a_score_made_by_hand(school: School) -> None:
    await school.learn(completion(1, 5), quiz(2, 8))
    profile = await school.engine.queries.profile(caller(), "ann")
    # 0.4 * 0.5 + 0.3 * 0.8 + 0.2 * 0 + 0.1 * 0.9^2, two days after the only active day.
    assert (profile.current.score, profile.current.level, profile.current.formula) == (
        0.521,
        "developing",
        "adr-004@1",
    )
    shown = profile.current.components
    assert shown is not None
    assert {name: (one.value, one.observed) for name, one in shown.items()} == {
        "completion": (0.5, True),
        "quiz": (0.8, True),
        "quality": (0.0, False),
        "consistency": (0.81, True),
    }
    assert (profile.student_id, profile.course_id, profile.as_of) == ("ann", None, date(2024, 3, 10))
    assert (profile.events, profile.historical_average, profile.trend) == (2, 0.54, None)
    assert profile.courses == {"A": profile.current}
    assert profile.path.priority_areas == ("completion", "quality")
    assert profile.path.estimated_completion is None
    assert "no forecast: there is 1 day with an event" in profile.path.completion_note


async def test_a_profile_may_leave_the_components_out(school: School) -> None:
    await school.learn(quiz(1, 8))
    profile = await school.engine.queries.profile(caller(), "ann", include_components=False)
    assert profile.current.components is None
    assert profile.courses["A"].components is None


async def test_a_profile_of_a_course_tells_that_course_alone(school: School) -> None:
    await school.learn(quiz(1, 8), quiz(2, 2, course="B"))
    both = await school.engine.queries.profile(caller(), "ann")
    one = await school.engine.queries.profile(caller(), "ann", course_id="B")
    assert both.current.score == round(0.3 * 0.5 + 0.1 * 0.81, 6)
    assert {course: view.score for course, view in both.courses.items()} == {"A": 0.321, "B": 0.141}
    assert (one.current.score, one.courses, one.events, one.course_id) == (0.141, {}, 1, "B")
    with pytest.raises(
        NotFound, match="no event of this student in course 'C' up to that day, only in 'A', 'B'"
    ):
        await school.engine.queries.profile(caller(), "ann", course_id="C")


async def test_a_profile_under_another_formula_names_it(school: School) -> None:
    await school.learn(quiz(1, 8))
    profile = await school.engine.queries.profile(caller(), "ann", formula="adr-004-observed")
    # 0.3 * 0.8 + 0.1 * 0.81, shared out over 40 % of the weights.
    assert (profile.current.score, profile.current.formula) == (0.8025, "adr-004-observed@1")


EVENTS = (
    quiz(1, 2, "2024-03-04T10:00:00"),
    completion(2, 5, "2024-03-06T10:00:00"),
    quiz(3, 8, "2024-03-08T10:00:00"),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_kept_day_is_exact_whatever_the_order_of_arrival(order: tuple[int, ...]) -> None:
    half, week = 0.5 ** (4 / 14), (date(2024, 3, day) for day in (4, 5, 6, 7, 8, 9))
    quizzes = (0.8 + 0.2 * half) / (1 + half)
    expected = [
        0.3 * 0.2 + 0.1,
        0.3 * 0.2 + 0.1 * 0.9,
        0.4 * 0.5 + 0.3 * 0.2 + 0.1,
        0.4 * 0.5 + 0.3 * 0.2 + 0.1 * 0.9,
        0.4 * 0.5 + 0.3 * quizzes + 0.1,
        0.4 * 0.5 + 0.3 * quizzes + 0.1 * 0.9,
    ]
    async with open_school() as school:
        for place in order:
            await school.learn(EVENTS[place])
        answers = [await school.engine.queries.profile(caller(), "ann", as_of=day) for day in week]
        with pytest.raises(NotFound):
            await school.engine.queries.profile(caller(), "ann", as_of=date(2024, 3, 3))
    assert [one.current.score for one in answers] == [round(score, 6) for score in expected]
    assert [one.events for one in answers] == [1, 1, 2, 2, 3, 3]
    assert answers[-1].historical_average == round(
        (expected[0] + round(expected[2], 6) + round(expected[4], 6)) / 3, 6
    )
    assert [one.trend for one in answers] == [None, None, "improving", "improving", "improving", "improving"]


async def test_a_day_before_the_kept_ones_is_a_clear_error(school: School) -> None:
    await school.learn_for_months()
    kept = await school.engine.queries.profile(caller(), "ann", as_of=date(2024, 1, 22))
    assert kept.current.components is not None
    assert kept.current.components["quiz"].value == 0.5
    assert kept.historical_average is None
    with pytest.raises(
        HistoryNotKept,
        match=r"^as_of = 2024-01-21: is before 2024-01-22, the first day whose history is kept$",
    ):
        await school.engine.queries.profile(caller(), "ann", as_of=date(2024, 1, 21))


async def test_a_calculation_is_the_formula_applied_and_stored_nowhere(school: School) -> None:
    calculate = school.engine.queries.calculate
    answer = await calculate(caller("service"), Components(1.0, 0.5, 0.25, 0.0))
    assert (answer.result.score, answer.result.level) == (0.6, "competent")
    assert (answer.student_id, answer.current) == (None, None)
    assert [one.area for one in answer.recommendations] == ["quality", "consistency", "quiz"]
    whole = await calculate(caller(), Components(1.0, 1.0, 1.0, 1.0))
    assert (whole.result.score, whole.result.level) == (1.0, "expert")
    part = await calculate(caller(), NOTHING._replace(quiz=0.8), formula="adr-004-observed")
    assert (part.result.score, part.result.formula) == (0.8, "adr-004-observed@1")
    assert await school.audit() == []
    assert set((await school.engine.adapters.log.ends()).values()) == {0}


async def test_a_service_calculates_for_a_student_without_seeing_anything_of_the_student(
    school: School,
) -> None:
    await school.learn(quiz(1, 8))
    for student in ("ann", "nobody"):
        answer = await school.engine.queries.calculate(
            caller("service"), Components(1.0, 1.0, 1.0, 1.0), student_id=student
        )
        assert (answer.result.score, answer.student_id, answer.current) == (1.0, student, None)


async def test_a_calculation_for_a_student_stands_beside_the_students_own_result(school: School) -> None:
    await school.learn(quiz(1, 8))
    answer = await school.engine.queries.calculate(
        caller("student", "ann"), NOTHING._replace(completion=1.0), student_id="ann"
    )
    assert answer.current is not None
    assert (answer.student_id, answer.current.score, answer.result.score) == ("ann", 0.321, 0.4)
    assert [one.action for one in await school.audit()] == ["mastery.calculate"]
    with pytest.raises(NotFound):
        await school.engine.queries.calculate(
            caller("student", "bo"), NOTHING._replace(quiz=1.0), student_id="ann"
        )


@pytest.mark.parametrize(
    ("components", "said"),
    [
        (NOTHING, "components = none: at least one component is required"),
        (NOTHING._replace(quiz=1.5), "components.quiz = 1.5: must be a number in [0, 1]"),
        (NOTHING._replace(quality=nan), "components.quality = nan: must be a number in [0, 1]"),
        (
            Components(-0.1, 0.5, None, 2.0),
            (
                "components.completion = -0.1: must be a number in [0, 1]; "
                "components.consistency = 2.0: must be a number in [0, 1]"
            ),
        ),
    ],
)
async def test_what_cannot_be_calculated_is_named(school: School, components: Components, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await school.engine.queries.calculate(caller(), components)
    assert refused.value.message == said
    with pytest.raises(NotFound, match="no formula named 'x'"):
        await school.engine.queries.calculate(caller(), NOTHING._replace(quiz=1.0), formula="x")


async def test_a_batch_gives_each_student_a_result_or_an_error_of_its_own(school: School) -> None:
    await school.learn(quiz(1, 8), quiz(2, 5, student="bo", course="B"))
    answer = await school.engine.queries.batch(caller(), ["bo", "nobody", "ann", "bo"], course_id="A")
    assert (answer.as_of, answer.course_id, answer.found) == (date(2024, 3, 10), "A", 1)
    bo, nobody, ann = answer.items
    assert (bo.student_id, bo.current, bo.error) == ("bo", None, "NOT_FOUND")
    assert bo.message == "there is no event of this student in course 'A' up to that day, only in 'B'"
    assert (nobody.error, nobody.message) == (
        "NOT_FOUND",
        "no such student, or no event of the student up to that day",
    )
    assert ann.current is not None
    assert (ann.current.score, ann.error, ann.message) == (0.321, None, None)


async def test_a_batch_says_of_each_student_whose_day_is_not_kept(school: School) -> None:
    await school.learn_for_months()
    await school.learn(quiz(5, 8, "2024-04-20T10:00:00", student="bo"))
    answer = await school.engine.queries.batch(caller(), ["ann", "bo"], as_of=date(2024, 1, 1))
    assert [item.error for item in answer.items] == ["VALIDATION_ERROR", "NOT_FOUND"]
    assert answer.items[0].message == (
        "as_of = 2024-01-01: is before 2024-01-22, the first day whose history is kept"
    )


async def test_a_batch_takes_1_000_students_counted_once(school: School) -> None:
    await school.learn(quiz(1, 8))
    names = ["ann", *(f"s{number}" for number in range(MOST_IN_A_BATCH - 1))]
    answer = await school.engine.queries.batch(caller(), names + names)
    assert (len(answer.items), answer.found) == (1_000, 1)
    (record,) = await school.audit()
    assert len(record.subjects) == 1_000
    for wrong, said in (([*names, "one-more"], "1001 students"), ([], "0 students")):
        with pytest.raises(InvalidInput, match=rf"^student_ids = {said}: must name 1 to 1000 students$"):
            await school.engine.queries.batch(caller(), wrong)


async def test_a_teachers_batch_tells_nothing_of_students_of_others(school: School) -> None:
    await school.learn(quiz(1, 8), quiz(2, 8, student="bo"))
    await school.engine.adapters.rosters.put("default", [class_of("ann")])
    yun = caller("teacher", "yun")
    answer = await school.engine.queries.batch(yun, ["ann", "bo", "nobody"])
    ann, bo, nobody = answer.items
    assert ann.current is not None
    assert (bo.current, bo.error, bo.message) == (nobody.current, nobody.error, nobody.message)
    assert [(one.allowed, len(one.subjects)) for one in await school.audit()] == [(True, 1), (False, 2)]
    with pytest.raises(NotAllowed):
        await school.engine.queries.batch(caller("student", "ann"), ["ann"])


async def test_a_batch_holds_as_of_one_day_though_midnight_comes_meanwhile(school: School) -> None:
    await school.learn(quiz(1, 8))
    await school.engine.tenants.create(Tenant(tenant_id="north"))
    before = school.clock.ms
    steps = iter(range(0, 10 * 86_400_000, 86_400_000))
    school.clock.now_ms = lambda: before + next(steps)
    answer = await school.engine.queries.batch(caller(), ["ann"])
    (item,) = answer.items
    assert item.current is not None
    assert answer.as_of == date(2024, 3, 10)
    assert item.current.score == 0.321
