"""A student over time, and in a class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from msgspec.structs import replace

from mastery_engine.domain.cohort import Membership, Standing
from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, NotAllowed, NotFound
from mastery_engine.engine.policy import Role
from tests.unit.engine.house import completion, quiz
from tests.unit.engine.small_school import School, caller, class_of, open_school

SIX = ("s1", "s2", "s3", "s4", "s5", "s6")


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


@pytest.fixture
async def class_7a(school: School) -> School:
    """Quizzes today of 10, 8, 8, 6 and 2 of ten; s6 has none. A score is 0.03 for each, and 0.1."""
    corrects = (10, 8, 8, 6, 2)
    await school.learn(
        *(
            quiz(number, correct, "2024-03-10T09:00:00", student=f"s{number + 1}")
            for number, correct in enumerate(corrects)
        )
    )
    await school.engine.adapters.rosters.put("default", [class_of(*SIX)])
    return school


async def test_history_tells_days_with_an_event_and_leaves_gaps(school: School) -> None:
    await school.learn(completion(1, 5, "2024-03-01T10:00:00"), quiz(2, 8, "2024-02-28T10:00:00"))
    history = await school.engine.analytics.history(caller(), "ann")
    assert [(one.day, one.result.score) for one in history.days] == [
        (date(2024, 2, 28), 0.34),
        # The quiz, half the exercises, and a new streak of one day, as long as the longest.
        (date(2024, 3, 1), 0.54),
    ]
    assert (history.start, history.end) == (date(2023, 12, 12), date(2024, 3, 10))
    assert (history.student_id, history.course_id, history.aggregation) == ("ann", None, "daily")
    assert history.formula == "adr-004@1"
    assert [one.label for one in history.buckets] == ["2024-02-28", "2024-03-01"]


async def test_history_comes_in_iso_weeks_and_months(school: School) -> None:
    await school.learn(completion(1, 5, "2024-03-01T10:00:00"), quiz(2, 8, "2024-02-28T10:00:00"))
    analytics = school.engine.analytics
    (week,) = (await analytics.history(caller(), "ann", aggregation="weekly", course_id="A")).buckets
    assert (week.label, week.start, week.end) == ("2024-W09", date(2024, 2, 26), date(2024, 3, 3))
    assert (week.mean, week.min, week.max, week.last, week.days) == (0.44, 0.34, 0.54, 0.54, 2)
    months = (await analytics.history(caller(), "ann", aggregation="monthly")).buckets
    assert [(one.label, one.mean, one.days) for one in months] == [("2024-02", 0.34, 1), ("2024-03", 0.54, 1)]


async def test_history_can_be_cut_and_computed_under_another_formula(school: School) -> None:
    await school.learn(completion(1, 5, "2024-03-01T10:00:00"), quiz(2, 8, "2024-02-28T10:00:00"))
    cut = await school.engine.analytics.history(
        caller(), "ann", start=date(2024, 3, 1), end=date(2024, 3, 1), formula="adr-004-observed"
    )
    # 0.54 shared out over 80 % of the weights.
    assert ([one.result.score for one in cut.days], cut.formula) == ([0.675], "adr-004-observed@1")
    with pytest.raises(InvalidInput, match=r"^start = 2024-03-02: must not be after the end 2024-03-01$"):
        await school.engine.analytics.history(caller(), "ann", start=date(2024, 3, 2), end=date(2024, 3, 1))


async def test_history_before_the_kept_days_is_a_clear_error_that_names_the_start(school: School) -> None:
    await school.learn_for_months()
    analytics = school.engine.analytics
    kept = await analytics.history(caller(), "ann", start=date(2024, 1, 22))
    assert [one.day for one in kept.days] == [date(2024, 2, 20), date(2024, 4, 20)]
    with pytest.raises(
        HistoryNotKept, match=r"^start = 2024-01-21: is before 2024-01-22, the first day"
    ) as refused:
        await analytics.history(caller(), "ann", start=date(2024, 1, 21))
    assert refused.value.reason == "history_not_kept"
    with pytest.raises(HistoryNotKept, match="as_of = 2024-01-21"):
        await analytics.history(caller(), "ann", end=date(2024, 1, 21))


async def test_there_is_no_history_before_the_first_event_or_of_a_stranger(school: School) -> None:
    await school.learn(quiz(1, 8))
    for student, end in (("ann", date(2024, 3, 7)), ("nobody", None)):
        with pytest.raises(NotFound):
            await school.engine.analytics.history(caller(), student, end=end)


async def test_a_student_is_placed_in_the_class(class_7a: School) -> None:
    answer = await class_7a.engine.analytics.compare(caller("student", "s2"), "7a", student_id="s2")
    assert (answer.cohort_id, answer.name, answer.as_of) == ("7a", "Loops", date(2024, 3, 10))
    assert (answer.student_id, answer.members) == ("s2", None)
    # Below s2 are two, equal two of five: 100 * (2 + 1) / 5.
    assert answer.standings["score"] == Standing(
        value=0.34, size=6, with_evidence=5, mean=0.304, median=0.34, percentile=60.0, rank=2
    )
    assert answer.standings["quiz"] == Standing(
        value=0.8, size=6, with_evidence=5, mean=0.68, median=0.8, percentile=60.0, rank=2
    )
    assert answer.standings["consistency"].percentile == 50.0
    assert answer.standings["completion"] == Standing(value=None, size=6)
    assert list(answer.standings) == ["score", "completion", "quiz", "quality", "consistency"]
    (record,) = await class_7a.audit()
    assert (record.action, record.subjects) == ("cohort.compare", (class_7a.hash("s2"),))
    assert record.detail == {"cohort_id": "7a"}


async def test_one_metric_may_be_asked_for(class_7a: School) -> None:
    answer = await class_7a.engine.analytics.compare(
        caller("teacher", "yun"), "7a", student_id="s5", metric="quiz"
    )
    assert {name: (one.value, one.rank) for name, one in answer.standings.items()} == {"quiz": (0.2, 5)}


async def test_a_member_without_evidence_counts_in_the_size_only(class_7a: School) -> None:
    answer = await class_7a.engine.analytics.compare(caller("student", "s6"), "7a", student_id="s6")
    assert answer.standings["score"] == Standing(value=None, size=6, with_evidence=5, mean=0.304, median=0.34)


@pytest.mark.parametrize(("role", "subject"), [("teacher", "yun"), ("admin", "head"), ("operator", "os:kim")])
async def test_the_whole_class_is_told_to_those_who_may_see_it(
    class_7a: School, role: Role, subject: str
) -> None:
    answer = await class_7a.engine.analytics.compare(caller(role, subject), "7a")
    assert answer.members is not None
    assert [(one.student_id, one.value, one.level, one.rank) for one in answer.members] == [
        ("s1", 0.4, "developing", 1),
        ("s2", 0.34, "beginner", 2),
        ("s3", 0.34, "beginner", 2),
        ("s4", 0.28, "beginner", 4),
        ("s5", 0.16, "beginner", 5),
        ("s6", None, None, None),
    ]
    assert answer.standings["score"] == Standing(value=None, size=6, with_evidence=5, mean=0.304, median=0.34)
    (record,) = await class_7a.audit()
    assert record.subjects == tuple(map(class_7a.hash, SIX))


async def test_among_fewer_than_five_a_student_sees_own_score_and_size_only(class_7a: School) -> None:
    await class_7a.engine.adapters.rosters.put("default", [class_of("s1", "s2", "s3", "s4", "s6")])
    analytics = class_7a.engine.analytics
    own = await analytics.compare(caller("student", "s1"), "7a", student_id="s1", metric="score")
    assert own.standings["score"] == Standing(value=0.4, size=5)
    whole = await analytics.compare(caller("teacher", "yun"), "7a", student_id="s1", metric="score")
    assert (whole.standings["score"].rank, whole.standings["score"].with_evidence) == (1, 4)


async def test_a_teacher_of_the_student_elsewhere_is_told_nothing_of_the_class(class_7a: School) -> None:
    other = class_of("s1", teacher="lee")
    await class_7a.engine.adapters.rosters.put("default", [replace(other, cohort_id="8b")])
    with pytest.raises(NotFound, match="no class '7a' with that student"):
        await class_7a.engine.analytics.compare(caller("teacher", "lee"), "7a", student_id="s1")
    assert [one.allowed for one in await class_7a.audit()] == [False]


async def test_a_class_that_may_not_be_seen_answers_like_one_that_is_not_there(class_7a: School) -> None:
    analytics, rosters = class_7a.engine.analytics, class_7a.engine.adapters.rosters
    await rosters.put("default", [class_of(*SIX, end="2024-03-09")])
    for who in (caller("student", "s1"), caller("teacher", "yun"), caller("teacher", "stranger")):
        said: set[str] = set()
        for cohort in ("7a", "9z"):
            with pytest.raises(NotFound) as refused:
                await analytics.compare(who, cohort)
            said.add(refused.value.message.replace(cohort, "*"))
        assert said == {"no class '*'"}
    refusals = [one for one in await class_7a.audit() if not one.allowed]
    assert len(refusals) == 6
    with pytest.raises(NotAllowed):
        await analytics.compare(caller("service", "tutor"), "7a")


async def test_a_teacher_of_all_the_members_elsewhere_does_not_see_the_class_whole(class_7a: School) -> None:
    other = class_of(*SIX, teacher="lee")
    await class_7a.engine.adapters.rosters.put("default", [replace(other, cohort_id="8b")])
    with pytest.raises(NotFound, match="no class '7a'"):
        await class_7a.engine.analytics.compare(caller("teacher", "lee"), "7a")
    assert [one.allowed for one in await class_7a.audit()] == [False]


async def test_a_class_of_a_past_day_shows_a_teacher_those_who_are_in_it_still(class_7a: School) -> None:
    analytics, rosters = class_7a.engine.analytics, class_7a.engine.adapters.rosters
    students = tuple(Membership(person_id=one, end=date(2024, 3, 10) if one == "s1" else None) for one in SIX)
    await rosters.put("default", [replace(class_of(*SIX), students=students)])
    class_7a.clock.ms += 86_400_000
    seen: dict[Role, set[str]] = {}
    for who in (caller("teacher", "yun"), caller("admin", "head")):
        answer = await analytics.compare(who, "7a", as_of=date(2024, 3, 10))
        assert answer.members is not None
        seen[who.role] = {one.student_id for one in answer.members}
        assert answer.standings["score"].size == len(seen[who.role])
    assert seen == {"teacher": set(SIX) - {"s1"}, "admin": set(SIX)}
    with pytest.raises(NotFound):
        await analytics.compare(caller("teacher", "yun"), "7a", student_id="s1", as_of=date(2024, 3, 10))


async def test_who_taught_a_class_once_does_not_see_it_on_a_day_of_then(class_7a: School) -> None:
    await class_7a.engine.adapters.rosters.put("default", [class_of(*SIX, end="2024-03-09")])
    with pytest.raises(NotFound, match="no class '7a'"):
        await class_7a.engine.analytics.compare(caller("teacher", "yun"), "7a", as_of=date(2024, 3, 9))


async def test_who_is_no_member_is_not_placed(class_7a: School) -> None:
    analytics = class_7a.engine.analytics
    for who, student, cohort, said in (
        (caller(), "ann", "7a", "no class '7a' with that student"),
        (caller("student", "ann"), "ann", "9z", "no class '9z' with that student"),
        (caller("student", "ann"), "s1", "7a", "no such student, or no event of the student up to that day"),
        (caller(), None, "9z", "no class '9z'"),
    ):
        with pytest.raises(NotFound) as refused:
            await analytics.compare(who, cohort, student_id=student)
        assert refused.value.message == said


async def test_a_class_is_compared_as_of_an_earlier_day_and_by_course(class_7a: School) -> None:
    analytics = class_7a.engine.analytics
    nobody = await analytics.compare(caller(), "7a", as_of=date(2024, 3, 9), metric="score")
    assert nobody.standings["score"] == Standing(value=None, size=6)
    course = await analytics.compare(caller(), "7a", student_id="s1", course_id="A", metric="score")
    assert course.standings["score"].rank == 1
    ahead = await analytics.compare(caller(), "7a", student_id="s1", metric="score", as_of=date(2024, 3, 12))
    assert (ahead.as_of, ahead.standings["score"].value) == (date(2024, 3, 12), 0.381)


async def test_a_day_that_is_not_kept_of_every_member_is_refused_without_saying_whose(
    school: School,
) -> None:
    await school.learn_for_months("bo")
    await school.engine.adapters.rosters.put("default", [class_of("ann", "bo")])
    with pytest.raises(
        HistoryNotKept, match=r"^as_of = 2024-01-21: is before the days that are kept of every member$"
    ):
        await school.engine.analytics.compare(
            caller("student", "ann"), "7a", student_id="ann", as_of=date(2024, 1, 21)
        )
