"""What a simulated school is like."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import Difficulty

SATURDAY: Final = 5
MAX_STUDENTS: Final = 10_000_000


class Course(Struct, frozen=True, kw_only=True):
    """A course of the school.

    Attributes:
        course_id: Id.
        difficulty: Of all its exercises.
        topics: Ids; the term goes through them in this order.
        projects: Whether students hand in work that is reviewed.
        exercises_a_week: Exercises given out each week of lessons.
    """

    course_id: str
    difficulty: Difficulty
    topics: tuple[str, ...]
    projects: bool = False
    exercises_a_week: int = 5


class Term(Struct, frozen=True, kw_only=True):
    """Six months from a first day on; days count from 0.

    Attributes:
        days: Length.
        holidays: First day and number of days of each holiday.
        exams: Days that crammers work towards.
    """

    days: int = 182
    holidays: tuple[tuple[int, int], ...] = ((54, 9), (117, 14))
    exams: tuple[int, ...] = (46, 109, 175)

    def is_holiday(self, day: int) -> bool:
        """Whether the day lies in a holiday."""
        return any(first <= day < first + length for first, length in self.holidays)

    def days_to_exam(self, day: int) -> int:
        """Days until the next exam, the whole term if there is none."""
        return min((exam - day for exam in self.exams if exam >= day), default=self.days)

    def weeks_of_lessons(self, day: int) -> int:
        """Weeks begun up to that day, whole weeks of holidays left out; at least 1."""
        idle = sum(min(max(day + 1 - first, 0), length) for first, length in self.holidays)
        return 1 + max(day - idle, 0) // 7


COURSES: Final = (
    Course(
        course_id="mathematics",
        difficulty="intermediate",
        topics=("fractions", "equations", "functions", "geometry", "statistics", "vectors"),
    ),
    Course(
        course_id="programming",
        difficulty="advanced",
        topics=("variables", "loops", "functions", "recursion", "sorting", "testing"),
        projects=True,
        exercises_a_week=4,
    ),
    Course(
        course_id="physics",
        difficulty="beginner",
        topics=("motion", "forces", "energy", "waves", "electricity", "light"),
        projects=True,
        exercises_a_week=3,
    ),
)


class SchoolSettings(Struct, frozen=True, kw_only=True):
    """A school to simulate; equal settings give equal events.

    Attributes:
        start: First day of the term.
        students: How many; a smaller school has the first students of a larger one, with the same events.
        seed: All chance follows from it.
        tenant_id: Tenant of the events.
        term: Length, holidays, exams.
        courses: Courses of the school.
        source: Name of the sending agent.
    """

    start: date
    students: int = 24
    seed: int = 1
    tenant_id: str = "demo"
    term: Term = Term()
    courses: tuple[Course, ...] = COURSES
    source: str = "simulator"

    def __post_init__(self) -> None:
        """Refuse sizes that make no school.

        Raises:
            InvalidInput: Field, value and rule are named.
        """
        problems: list[Problem] = []
        if not 1 <= self.students <= MAX_STUDENTS:
            problems.append(Problem("students", str(self.students), f"must be from 1 to {MAX_STUDENTS}"))
        if not 1 <= self.term.days <= 366:  # noqa: PLR2004 - a year
            problems.append(Problem("term.days", str(self.term.days), "must be from 1 to 366"))
        if not self.courses:
            problems.append(Problem("courses", "none", "must be at least one"))
        if problems:
            raise InvalidInput.of(*problems)
