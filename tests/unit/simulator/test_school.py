"""What a simulated school looks like."""

import re
import tracemalloc
from collections import Counter
from datetime import date
from statistics import fmean

import pytest

from mastery_engine.domain.calendar import Calendar, day_of, moment_of
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import LearnerState
from mastery_engine.simulator.kinds import KINDS, kind_of, student_id_of
from mastery_engine.simulator.roster import TEACHER, roster
from mastery_engine.simulator.school import simulate
from mastery_engine.simulator.settings import COURSES, Course, SchoolSettings, Term

MONDAY = date(2026, 1, 5)
SCHOOL = SchoolSettings(start=MONDAY, students=22)


@pytest.fixture(scope="module")
def events() -> list[LearningEvent]:
    return list(simulate(SCHOOL))


@pytest.fixture(scope="module")
def learners(events: list[LearningEvent]) -> dict[str, LearnerState]:
    calendar = Calendar()
    states: dict[str, LearnerState] = {}
    for event in events:
        states.setdefault(event.student_id, LearnerState()).fold(event, calendar.day(event.timestamp), None)
    return states


def days_of_work(events: list[LearningEvent], place: int) -> list[int]:
    first = day_of(MONDAY)
    return [
        day_of(event.activity_dates[0]) - first
        for event in events
        if isinstance(event, ConsistencyActivityRecorded) and event.student_id == student_id_of(place)
    ]


def early_days(days: list[int]) -> int:
    return sum(day < 60 for day in days)


def late_days(days: list[int]) -> int:
    return sum(day >= 120 for day in days)


def test_all_four_kinds_of_evidence_come_from_every_course(events: list[LearningEvent]) -> None:
    found = Counter((type(event), event.course_id) for event in events)
    for course in COURSES:
        assert found[ExerciseCompletionSubmitted, course.course_id] > 100
        assert found[QuizPerformanceSubmitted, course.course_id] > 100
        assert (found[QualityAssessmentCompleted, course.course_id] > 100) is course.projects
    assert found[ConsistencyActivityRecorded, None] > 500
    assert {event.topic_id for event in events} >= {topic for course in COURSES for topic in course.topics}


def test_nobody_learns_at_night(events: list[LearningEvent]) -> None:
    hours = {moment_of(event.timestamp).hour for event in events if event.activity}
    assert min(hours) >= 8
    assert max(hours) <= 22


def test_weekends_are_quiet_and_holidays_quieter(events: list[LearningEvent]) -> None:
    work = Counter(day for place in range(SCHOOL.students) for day in days_of_work(events, place))
    lessons = [day for day in range(182) if not SCHOOL.term.is_holiday(day)]
    weekday = fmean(work[day] for day in lessons if day % 7 < 5)
    weekend = fmean(work[day] for day in lessons if day % 7 >= 5)
    holiday = fmean(work[day] for day in range(182) if SCHOOL.term.is_holiday(day))
    assert holiday < weekend < weekday / 2


def test_each_kind_of_student_works_in_its_way(events: list[LearningEvent]) -> None:
    work = {kind_of(place): days_of_work(events, place) for place in range(6)}
    assert tuple(work) == KINDS
    assert len(work["steady"]) > 80
    assert early_days(work["fading"]) > 3 * late_days(work["fading"])
    exams = SCHOOL.term.exams
    crammed = sum(any(0 <= exam - day <= 8 for exam in exams) for day in work["cramming"])
    assert crammed > len(work["cramming"]) / 2
    assert not [day for day in work["returning"] if 0.28 <= day / 182 < 0.55]
    assert early_days(work["returning"]) > 20
    assert late_days(work["returning"]) > 20
    assert len(work["absent"]) < 20


def test_scores_tell_the_kinds_apart_at_the_end(learners: dict[str, LearnerState]) -> None:
    end = day_of(MONDAY) + 181
    scores: dict[str, list[float]] = {}
    for place in range(SCHOOL.students):
        result = learners[student_id_of(place)].result(BUILT_IN[0], end)
        scores.setdefault(kind_of(place), []).append(result.score)
    mean = {kind: fmean(values) for kind, values in scores.items()}
    assert mean["absent"] < 0.4
    assert mean["absent"] < mean["fading"] < mean["steady"] < mean["gifted"]
    assert mean["returning"] > mean["fading"]


def test_the_platform_reports_on_fridays_of_lessons_and_that_is_no_activity(
    events: list[LearningEvent],
) -> None:
    reports = [event for event in events if not event.activity]
    assert all(isinstance(event, ExerciseCompletionSubmitted) for event in reports)
    days = {moment_of(event.timestamp).date() for event in reports}
    assert {day.weekday() for day in days} == {4}
    assert not [day for day in days if SCHOOL.term.is_holiday((day - MONDAY).days)]
    assert {event.student_id for event in reports} == {student_id_of(place) for place in range(22)}


def test_exercises_done_only_grow_and_never_exceed_those_given(events: list[LearningEvent]) -> None:
    done: dict[tuple[str, str | None], int] = {}
    for event in events:
        if isinstance(event, ExerciseCompletionSubmitted):
            key = event.student_id, event.course_id
            assert done.get(key, 0) <= event.completed_exercises <= event.total_exercises
            done[key] = event.completed_exercises


def test_the_streak_told_is_the_run_of_days(events: list[LearningEvent]) -> None:
    last: dict[str, tuple[date, int]] = {}
    for event in events:
        if isinstance(event, ConsistencyActivityRecorded):
            day = event.activity_dates[0]
            before = last.get(event.student_id)
            follows = before is not None and (day - before[0]).days == 1
            expected = before[1] + 1 if before is not None and follows else 1
            assert event.current_streak == expected
            last[event.student_id] = day, expected


def test_some_students_take_one_course_less(events: list[LearningEvent]) -> None:
    courses: dict[str, set[str]] = {}
    for event in events:
        if event.course_id is not None:
            courses.setdefault(event.student_id, set()).add(event.course_id)
    assert {len(taken) for taken in courses.values()} == {2, 3}


def test_student_ids_can_be_read_and_do_not_repeat() -> None:
    ids = [student_id_of(place) for place in range(3_000)]
    assert ids[:2] == ["ada-01", "ben-01"]
    assert ids[26] == "ada-02"
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,50}", student_id) for student_id in ids)


def test_the_roster_has_every_student_from_the_first_day() -> None:
    cohort = roster(SCHOOL)
    assert cohort.members(MONDAY) == sorted(student_id_of(place) for place in range(22))
    assert cohort.members(date(2026, 1, 4)) == []
    assert [teacher.person_id for teacher in cohort.teachers] == [TEACHER]


def test_a_term_knows_its_weeks_holidays_and_exams() -> None:
    term = Term(days=60, holidays=((14, 7),), exams=(20, 40))
    assert [term.weeks_of_lessons(day) for day in (0, 6, 7, 13, 14, 20, 21, 28)] == [1, 1, 2, 2, 2, 2, 3, 4]
    assert [term.is_holiday(day) for day in (13, 14, 20, 21)] == [False, True, True, False]
    assert [term.days_to_exam(day) for day in (0, 20, 21, 41)] == [20, 0, 19, 60]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"students": 0}, "students = 0: must be from 1 to 10000000"),
        ({"students": 10_000_001}, "students = 10000001"),
        ({"term": Term(days=0)}, "term.days = 0: must be from 1 to 366"),
        ({"courses": ()}, "courses = none: must be at least one"),
    ],
)
def test_settings_that_make_no_school_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        SchoolSettings(start=MONDAY, **change)  # pyright: ignore[reportArgumentType]


def test_a_school_of_one_course_works() -> None:
    course = Course(course_id="latin", difficulty="beginner", topics=("verbs",))
    school = SchoolSettings(start=MONDAY, students=3, courses=(course,), term=Term(days=20))
    assert {event.course_id for event in simulate(school)} == {"latin", None}


def test_events_are_not_held() -> None:
    school = SchoolSettings(start=MONDAY, students=60)
    list(simulate(SchoolSettings(start=MONDAY, students=1)))
    tracemalloc.start()
    try:
        count = sum(1 for _ in simulate(school))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count > 10_000
    assert peak < 500_000
