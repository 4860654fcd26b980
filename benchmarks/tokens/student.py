"""The median student of OULAD 2014B, made by the project's own importer, and what the engine says of them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from benchmarks.tokens.counting import compact
from benchmarks.tokens.layouts import records
from mastery_engine.adapters.oulad.importer import OuladEvents
from mastery_engine.contracts.answers import Profile, result_view
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.evidence import Evidence, merge_all
from mastery_engine.domain.forecast import forecast
from mastery_engine.domain.forecast.trend import trend_of
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import historical_average
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.learning_path import Plan, learning_path
from mastery_engine.domain.scores import Result

PRESENTATION: Final = "2014B"
FORMULA: Final = BUILT_IN[0]


@dataclass(frozen=True)
class Student:
    """A student's events, and the engine's state of them.

    Attributes:
        events: In order of event time.
    """

    events: Sequence[LearningEvent]

    @cached_property
    def state(self) -> LearnerState:
        """Everything folded."""
        return state_of(self.events)

    @cached_property
    def _until(self) -> dict[int, LearnerState]:
        """States at the end of days that were asked for."""
        return {}

    @property
    def day(self) -> int:
        """Number of the day of the newest event: the day of the questions."""
        return self.state.newest_day

    def evidence(self, day: int) -> list[Evidence]:
        """Evidence of each course at the end of a day, in order of the courses' ids.

        Args:
            day: Number of the day.
        """
        found = self._until.get(day)
        if found is None:
            found = state_of([event for event in self.events if event.timestamp // DAY_MS <= day])
            self._until[day] = found
        return [course.now for _, course in sorted(found.courses.items())]

    def merged(self, day: int) -> Evidence:
        """Evidence of all courses together at the end of a day.

        Args:
            day: Number of the day.
        """
        return merge_all(self.evidence(day))

    def result(self, day: int) -> Result:
        """Overall result at the end of a day, by the engine.

        Args:
            day: Number of the day.
        """
        return self.state.result(FORMULA, day)

    def with_event(self, event: LearningEvent) -> Student:
        """The same student after one more event.

        Args:
            event: What would come.
        """
        return Student([*self.events, event])

    def profile(self) -> Profile:
        """The whole profile, as the API answers it."""
        today, days = self.result(self.day), self.state.history(FORMULA, self.day)
        foreseen = forecast(days, today, FORMULA)
        as_of: date = date_of(self.day)
        return Profile(
            student_id=self.events[0].student_id,
            course_id=None,
            as_of=as_of,
            current=result_view(today),
            courses={
                one: result_view(self.state.result(FORMULA, self.day, one))
                for one in self.state.course_ids(self.day)
            },
            events=self.state.events,
            historical_average=historical_average(days, self.day),
            trend=trend_of(days, today, FORMULA),
            path=learning_path(today, FORMULA, Plan(), today=as_of, forecast=foreseen),
        )


def state_of(events: Sequence[LearningEvent]) -> LearnerState:
    """The engine's state of events, days in UTC.

    Args:
        events: Of one student.
    """
    state = LearnerState()
    for event in events:
        state.fold(event, event.timestamp // DAY_MS, None)
    return state


@dataclass(frozen=True)
class Chosen:
    """The median student, and whom of.

    Attributes:
        student: The median student.
        students: How many have at least one event.
        median_events: Median of their numbers of events.
        alike: How many students have that number.
    """

    student: Student
    students: int
    median_events: int
    alike: int


def median_student(folder: Path, presentation: str = PRESENTATION) -> Chosen:
    """The student in the middle, by the number of events.

    Of those who have the median number, the one in the middle by the length of their events as the baseline
    writes them, the lower one of two, the lower id of equals: nobody chooses.

    Args:
        folder: Holds the tables of OULAD.
        presentation: Whose students.
    """
    events: defaultdict[str, list[LearningEvent]] = defaultdict(list)
    for batch in OuladEvents(folder, presentation):
        for event in batch:
            events[event.student_id].append(event)
    median = statistics.median_low(len(one) for one in events.values())
    alike = [name for name, one in events.items() if len(one) == median]
    alike.sort(key=lambda name: (len(compact(records(events[name]))), int(name)))
    student = Student(sorted(events[alike[(len(alike) - 1) // 2]], key=lambda event: event.timestamp))
    return Chosen(student, len(events), median, len(alike))
