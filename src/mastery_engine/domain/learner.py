"""The learner: history of evidence per course, of which every result of any kept day follows.

Per course there is the fold of everything (`now`), a partial fold for each day with an event (`days`) and the
fold of the days that left the window (`base`). All three depend on the set of events alone, not on its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.days import Days
from mastery_engine.domain.errors import HistoryNotKept, NotFound, Problem, TooManyCourses
from mastery_engine.domain.events import Event
from mastery_engine.domain.evidence import Evidence, evidence_of
from mastery_engine.domain.scores import Formula, Result, evaluate

MAX_COURSES: Final = 200
_MOST_NAMED: Final = 10
OVERALL: Final = None
"""The scope of all courses together; any string, the empty one included, is a course."""


@final
class Course:
    """Evidence of one course: all of it, by kept day, and of the days before."""

    __slots__ = ("base", "days", "now")

    def __init__(self) -> None:
        self.now = Evidence()
        self.base = Evidence()
        self.days = Days()


@final
class LearnerState:
    """All evidence of one student.

    Attributes:
        courses: By course id; events without a course are under the empty id.
        kept_from: First day whose evidence is kept by itself, older ones are in `base`; 0 if all are.
        newest: Unix milliseconds of the newest event, -1 with no event.
        newest_day: Number of the newest event's day, -1 with no event.
    """

    __slots__ = ("courses", "kept_from", "newest", "newest_day")

    def __init__(self) -> None:
        self.courses: dict[str, Course] = {}
        self.kept_from = 0
        self.newest = -1
        self.newest_day = -1

    @property
    def events(self) -> int:
        """How many events were folded."""
        return sum(course.now.events for course in self.courses.values())

    def fold(self, event: Event, day: int, retention_days: int | None) -> None:
        """Fold one event into its course, into its day, or into `base` if its day has left the window.

        Args:
            event: Evidence of this student (`is_evidence`) that no rule refuses.
            day: Number of the event's day in the tenant's time zone.
            retention_days: Days kept by themselves, the newest included; None keeps all.

        Raises:
            TooManyCourses: The event opens a course beyond the limit; nothing was changed.
        """
        evidence = evidence_of(event, day)
        course_id = event.course_id or ""
        course = self.courses.get(course_id)
        if course is None:
            course = self._open(course_id)
        if event.timestamp > self.newest:  # noqa: PLR1730
            self.newest = event.timestamp
        if day > self.newest_day:
            self.newest_day = day
            if retention_days is not None:
                self._keep_from(day - retention_days + 1)
        course.now.merge(evidence)
        if day >= self.kept_from:
            course.days.add(day, evidence)
        else:
            course.base.merge(evidence)

    def merge(self, other: LearnerState, retention_days: int | None) -> None:
        """Add everything of another partial state of the same student; `other` must not be used afterwards.

        Raises:
            TooManyCourses: Together they have too many courses; nothing was changed.
        """
        unknown = sorted(other.courses.keys() - self.courses.keys())
        if len(self.courses) + len(unknown) > MAX_COURSES:
            raise _too_many_courses(unknown[-1])
        self.newest = max(self.newest, other.newest)
        self.newest_day = max(self.newest_day, other.newest_day)
        kept_from = max(self.kept_from, other.kept_from)
        if retention_days is not None:
            kept_from = max(kept_from, self.newest_day - retention_days + 1)
        self._keep_from(kept_from)
        other._keep_from(kept_from)
        for course_id, theirs in other.courses.items():
            mine = self.courses.get(course_id) or self._open(course_id)
            mine.now.merge(theirs.now)
            mine.base.merge(theirs.base)
            for day, evidence in theirs.days.items():
                mine.days.add(day, evidence)

    def result(self, formula: Formula, as_of_day: int, course_id: str | None = OVERALL) -> Result:
        """Result at the end of a day.

        Raises:
            NotFound: No event of that scope up to then.
            HistoryNotKept: The day is before the kept ones.
        """
        return evaluate(self.evidence(as_of_day, course_id), as_of_day, formula)

    def latest_result(self, formula: Formula) -> Result:
        """Overall result of everything folded, as of the newest event's day."""
        return evaluate([course.now for course in self.courses.values()], self.newest_day, formula)

    def evidence(self, as_of_day: int, course_id: str | None = OVERALL) -> list[Evidence]:
        """Evidence of each course of the scope at the end of a day; see `result` for the errors."""
        self.check_kept(as_of_day)
        found = [self._course_until(course, as_of_day) for course in self._scope(course_id)]
        found = [evidence for evidence in found if evidence.events]
        if not found:
            raise NotFound(self._nothing_found(as_of_day, course_id))
        return found

    def history(
        self, formula: Formula, until_day: int, course_id: str | None = OVERALL, from_day: int = 0
    ) -> list[Result]:
        """Results at the end of each kept day with an event, oldest first.

        Args:
            formula: Formula for all of them.
            until_day: Last day, included.
            course_id: A course, or `OVERALL`.
            from_day: First day told; earlier ones still count in the results.
        """
        courses = self._scope(course_id)
        running = [course.base.copy() for course in courses]
        by_day: dict[int, list[tuple[int, Evidence]]] = {}
        for place, course in enumerate(courses):
            for day, evidence in course.days.items():
                if day <= until_day:
                    by_day.setdefault(day, []).append((place, evidence))
        results: list[Result] = []
        for day in sorted(by_day):
            for place, evidence in by_day[day]:
                running[place].merge(evidence)
            if day >= from_day:
                results.append(evaluate([e for e in running if e.events], day, formula))
        return results

    def has_days(self, least: int, from_day: int) -> bool:
        """Whether at least so many days from `from_day` on have an event, in any course."""
        found: set[int] = set()
        for course in self.courses.values():
            for day in course.days.newest_first():
                if day < from_day:
                    break
                found.add(day)
                if len(found) >= least:
                    return True
        return False

    def course_ids(self, as_of_day: int) -> list[str]:
        """Courses with an event up to the end of a day, in order of their ids."""
        self.check_kept(as_of_day)
        return [
            course_id
            for course_id, course in sorted(self.courses.items())
            if self._course_until(course, as_of_day).events
        ]

    def _open(self, course_id: str) -> Course:
        if len(self.courses) >= MAX_COURSES:
            raise _too_many_courses(course_id)
        course = self.courses[course_id] = Course()
        return course

    def _keep_from(self, day: int) -> None:
        if day <= self.kept_from:
            return
        self.kept_from = day
        for course in self.courses.values():
            for evidence in course.days.pop_before(day):
                course.base.merge(evidence)

    def check_kept(self, as_of_day: int) -> None:
        """Raise `HistoryNotKept` for a day before the kept ones, if there is anything before them."""
        if as_of_day < self.kept_from and any(course.base.events for course in self.courses.values()):
            first = date_of(self.kept_from).isoformat()
            rule = f"is before {first}, the first day whose history is kept"
            raise HistoryNotKept.of(
                Problem("as_of", date_of(as_of_day).isoformat(), rule), reason="history_not_kept"
            )

    def _scope(self, course_id: str | None) -> Sequence[Course]:
        if course_id is None:
            return list(self.courses.values())
        course = self.courses.get(course_id)
        return [] if course is None else [course]

    def _nothing_found(self, as_of_day: int, course_id: str | None) -> str:
        known = [] if course_id is None else [one for one in self.course_ids(as_of_day) if one]
        if course_id is None or not known:
            return "there is no event of this student up to that day"
        which = f"in course {course_id[:100]!r}" if course_id else "without a course"
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        # In quotes, each of them: whoever sends events chooses ids, and one may read like a sentence of ours.
        named = ", ".join(map(repr, known[:_MOST_NAMED]))
        return f"there is no event of this student {which} up to that day, only in {named}{more}"

    def _course_until(self, course: Course, as_of_day: int) -> Evidence:
        if as_of_day >= self.newest_day:
            return course.now
        until = course.base.copy()
        for day, evidence in course.days.items():
            if day <= as_of_day:
                until.merge(evidence)
        return until


def _too_many_courses(course_id: str) -> TooManyCourses:
    rule = f"a student has at most {MAX_COURSES} courses"
    return TooManyCourses.of(Problem("course_id", course_id, rule), reason="too_many_courses")
