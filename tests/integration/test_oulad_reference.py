"""Results of real students, against a slow second reading of the rules that knows no event and no fold.

It goes from rows of the tables straight to a student's components on a day, in plain Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.oulad.importer import OuladEvents
from mastery_engine.domain.calendar import Calendar, day_of
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import LearnerState

PRESENTATION = "2014B"
START = date(2014, 2, 1)
MODULE = "GGG"
AS_OF_DAYS = (-10, -1, 0, 30, 61, 100, 149, 166, 222, 241, 300)
Row = dict[str, Any]


@dataclass
class Course:
    """What the tables say of one student in one course; days count from the presentation's start."""

    due: list[int]
    submitted: list[int] = field(default_factory=list)
    quizzes: list[tuple[int, float]] = field(default_factory=list)
    assessments: list[tuple[int, float]] = field(default_factory=list)
    active: set[int] = field(default_factory=set)
    registered: list[tuple[float, float]] = field(default_factory=list)

    def report_days(self, as_of: int) -> list[int]:
        there = [day for day in self.due if any(first <= day < end for first, end in self.registered)]
        return [day for day in {*self.submitted, *there} if day <= as_of]

    def completion(self, as_of: int) -> tuple[int, int] | None:
        days = self.report_days(as_of)
        if not days:
            return None
        completed = sum(day <= max(days) for day in self.submitted)
        return completed, max(completed, sum(day <= max(days) for day in self.due))

    def active_days(self, as_of: int) -> set[int]:
        return {day for day in {*self.active, *self.submitted} if day <= as_of}

    def has_event(self, as_of: int) -> bool:
        return bool(self.report_days(as_of) or self.active_days(as_of))


def decayed(values: list[tuple[int, float]], as_of: int) -> float | None:
    known = [(0.5 ** ((as_of - day) / 14), value) for day, value in values if day <= as_of]
    return sum(w * v for w, v in known) / sum(w for w, _ in known) if known else None


def consistency(days: set[int], as_of: int) -> float | None:
    if not days:
        return None
    kept = {day for day in days if day > max(days) - 90}
    longest = run = current = 0
    for day in range(min(kept), max(kept) + 1):
        run = run + 1 if day in kept else 0
        longest = max(longest, run)
    current = run
    return current / longest * 0.9 ** (as_of - max(days))


def reference(courses: list[Course], as_of: int) -> tuple[float, list[float | None]] | None:
    """Score and components by the formula `adr-004`; None without an event."""
    courses = [course for course in courses if course.has_event(as_of)]
    if not courses:
        return None
    reports = [report for course in courses if (report := course.completion(as_of))]
    completion = None
    if reports:
        completion = sum(min(done, total) for done, total in reports) / sum(total for _, total in reports)
    values = [
        completion,
        decayed([quiz for course in courses for quiz in course.quizzes], as_of),
        decayed([row for course in courses for row in course.assessments], as_of),
        consistency(set[int]().union(*(course.active_days(as_of) for course in courses)), as_of),
    ]
    score = sum(w * (value or 0.0) for w, value in zip((0.4, 0.3, 0.2, 0.1), values, strict=True))
    return score, values


@cache
def rows_of(folder: Path, table: str) -> list[Row]:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    rows: list[Row] = parquet.read_table(folder / f"{table}.parquet").to_pylist()
    return rows


def courses_of(folder: Path) -> dict[str, dict[str, Course]]:
    """Student to course to what the tables say."""
    length = {
        row["code_module"]: row["module_presentation_length"]
        for row in rows_of(folder, "courses")
        if row["code_presentation"] == PRESENTATION
    }
    assessments = {
        row["id_assessment"]: row
        for row in rows_of(folder, "assessments")
        if row["code_presentation"] == PRESENTATION and row["assessment_type"] in ("CMA", "TMA")
    }
    due: dict[str, list[int]] = {module: [] for module in length}
    for row in assessments.values():
        module = row["code_module"]
        due[module].append(length[module] if row["date"] is None else row["date"])
    students: dict[str, dict[str, Course]] = {}

    def course(row: Row, module: str) -> Course:
        mine = students.setdefault(str(row["id_student"]), {})
        return mine.setdefault(f"{module}_{PRESENTATION}", Course(due[module]))

    for row in rows_of(folder, "studentAssessment"):
        if row["id_assessment"] in assessments:
            assessment = assessments[row["id_assessment"]]
            mine, day = course(row, assessment["code_module"]), row["date_submitted"]
            mine.submitted.append(day)
            if row["score"] is not None:
                scores = mine.quizzes if assessment["assessment_type"] == "CMA" else mine.assessments
                scores.append((day, row["score"] / 100))
    for row in rows_of(folder, "studentRegistration"):
        if row["code_presentation"] == PRESENTATION:
            first, end = row["date_registration"], row["date_unregistration"]
            span = (float("-inf") if first is None else first, float("inf") if end is None else end)
            course(row, row["code_module"]).registered.append(span)
    for row in rows_of(folder, "studentVle_daily"):
        if row["code_presentation"] == PRESENTATION:
            course(row, row["code_module"]).active.add(row["date"])
    return students


@pytest.fixture(scope="module")
def students(oulad_folder: Path) -> Iterator[dict[str, dict[str, Course]]]:
    yield courses_of(oulad_folder)
    rows_of.cache_clear()


def folded(events: OuladEvents, wanted: set[str]) -> dict[str, LearnerState]:
    calendar = Calendar()
    learners: dict[str, LearnerState] = {}
    for batch in events:
        for event in batch:
            if event.student_id in wanted:
                state = learners.setdefault(event.student_id, LearnerState())
                state.fold(event, calendar.day(event.timestamp), None)
    return learners


def check(state: LearnerState | None, courses: list[Course], day: int, course_id: str | None) -> int:
    """Compare one scope on one day; the number of results compared."""
    expected = reference(courses, day)
    as_of = day_of(START + timedelta(days=day))
    if expected is None:
        scope = [] if state is None else state.course_ids(as_of)
        assert not scope if course_id is None else course_id not in scope
        return 0
    assert state is not None
    result = state.result(BUILT_IN[0], as_of, course_id)
    score, values = expected
    assert result.score == pytest.approx(score, abs=5.001e-7)
    for found, value in zip(result.components, values, strict=True):
        assert (found is None) == (value is None)
        assert found == (None if value is None else pytest.approx(value, abs=1e-9))
    return 1


@pytest.mark.slow
def test_every_student_of_a_module_has_the_reference_s_components(
    oulad_folder: Path, students: dict[str, dict[str, Course]]
) -> None:
    course_id = f"{MODULE}_{PRESENTATION}"
    mine = {student: courses[course_id] for student, courses in students.items() if course_id in courses}
    learners = folded(OuladEvents(oulad_folder, PRESENTATION, MODULE), set(mine))
    assert set(learners) <= set(mine)
    compared = 0
    for student, course in mine.items():
        for day in AS_OF_DAYS:
            for scope in (None, course_id):
                compared += check(learners.get(student), [course], day, scope)
    assert compared > 5_000


@pytest.mark.slow
def test_students_of_several_courses_have_the_reference_s_components_overall_and_in_each(
    oulad_folder: Path, students: dict[str, dict[str, Course]]
) -> None:
    several = {student: courses for student, courses in students.items() if len(courses) > 1}
    learners = folded(OuladEvents(oulad_folder, PRESENTATION), set(several))
    compared = 0
    for student, courses in several.items():
        for day in AS_OF_DAYS:
            compared += check(learners.get(student), list(courses.values()), day, None)
            for course_id, course in courses.items():
                compared += check(learners.get(student), [course], day, course_id)
    assert compared > 1_000


@pytest.mark.slow
def test_there_is_one_event_for_each_row_that_makes_one(
    oulad_folder: Path, students: dict[str, dict[str, Course]]
) -> None:
    courses = [course for mine in students.values() for course in mine.values()]
    far = 10_000
    expected = sum(
        len(course.active) + len(course.quizzes) + len(course.assessments) + len(course.report_days(far))
        for course in courses
    )
    events = OuladEvents(oulad_folder, PRESENTATION)
    assert events.total == expected
    assert sum(len(batch) for batch in events) == expected
