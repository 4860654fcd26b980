"""What one student does in one sitting, and what the platform reports of everybody each Friday."""

from __future__ import annotations

from collections.abc import MutableSequence
from datetime import timedelta
from random import Random
from typing import Final, NamedTuple, final

from mastery_engine.domain.calendar import DAY_MS, day_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.simulator.kinds import Form
from mastery_engine.simulator.settings import SchoolSettings

MINUTE_MS: Final = 60_000
REPORT_MS: Final = (23 * 60 + 30) * MINUTE_MS
"""Time of day of the platform's report, after all sittings."""
_SECOND_COURSE: Final = 0.35
_QUIZ: Final = 0.5
_PROJECT: Final = 0.3
_GUESS: Final = 0.6
_PEER: Final = 0.25


class Sitting(NamedTuple):
    """One student on one day.

    Attributes:
        student_id: Who.
        talent: The student's own part of the skill, in [-0.1, 0.1].
        form: How the student's kind is on that day.
        begins_ms: Time of day, milliseconds.
        courses: How many of the school's courses the student takes.
        streak: Days in a row, this one included.
    """

    student_id: str
    talent: float
    form: Form
    begins_ms: int
    courses: int
    streak: int


@final
class SessionWriter:
    """Writes the events of sittings; whoever calls has set the random numbers to the student and the day."""

    def __init__(self, settings: SchoolSettings, rng: Random, salt: int) -> None:
        """Prepare the writer.

        Args:
            settings: The school.
            rng: Random numbers.
            salt: 128 bits that keep event ids of different schools apart.
        """
        self._settings = settings
        self._rng = rng
        self._salt = salt
        self.open_day(0)

    def open_day(self, day: int) -> None:
        """Turn to a day of the term: what is given and which topic is treated is the same for everybody."""
        term, courses = self._settings.term, self._settings.courses
        weeks = term.weeks_of_lessons(day)
        self._day = day
        self._midnight = (day_of(self._settings.start) + day) * DAY_MS
        self._date = self._settings.start + timedelta(days=day)
        self._given = [course.exercises_a_week * weeks for course in courses]
        self._topics = [course.topics[day * len(course.topics) // term.days] for course in courses]

    def sitting(self, who: Sitting, completed: MutableSequence[int]) -> list[LearningEvent]:
        """Events of a sitting in order of time; `completed`, exercises done by course, is updated."""
        rng = self._rng
        moment = self._midnight + who.begins_ms
        events: list[LearningEvent] = []
        for place in self._courses_today(who.courses):
            wanted = round(self._given[place] * who.form.diligence)
            if completed[place] < wanted:
                completed[place] = min(wanted, completed[place] + _between(rng, 1, 5))
                moment += _between(rng, 6 * MINUTE_MS, 25 * MINUTE_MS)
                events.append(self._completion(who.student_id, place, moment, completed[place]))
            if rng.random() < _QUIZ:
                moment += _between(rng, 4 * MINUTE_MS, 18 * MINUTE_MS)
                events.append(self._quiz(who, place, moment))
            if self._settings.courses[place].projects and rng.random() < _PROJECT:
                moment += _between(rng, 10 * MINUTE_MS, 30 * MINUTE_MS)
                events.append(self._quality(who, place, moment))
        moment += _between(rng, MINUTE_MS, 5 * MINUTE_MS)
        events.append(self._consistency(who, moment))
        return events

    def report(self, student_id: str, completed: MutableSequence[int], courses: int) -> list[LearningEvent]:
        """What the platform says of a student's exercises: evidence of completion, and not of activity."""
        moment = self._midnight + REPORT_MS
        return [
            self._completion(student_id, place, moment, completed[place], activity=False)
            for place in range(courses)
        ]

    def _courses_today(self, courses: int) -> list[int]:
        first = int(self._rng.random() * courses)
        if courses == 1 or self._rng.random() >= _SECOND_COURSE:
            return [first]
        return [first, (first + 1) % courses]

    def _completion(
        self, student_id: str, place: int, moment: int, done: int, *, activity: bool = True
    ) -> LearningEvent:
        course, topic = self._settings.courses[place], self._topics[place]
        return ExerciseCompletionSubmitted(
            event_id=self._event_id(),
            timestamp=moment,
            tenant_id=self._settings.tenant_id,
            student_id=student_id,
            source=self._settings.source,
            course_id=course.course_id,
            topic_id=topic,
            activity=activity,
            exercise_id=f"{topic}-{done}",
            total_exercises=self._given[place],
            completed_exercises=done,
            difficulty=course.difficulty,
            time_taken=float(_between(self._rng, 120, 1_500)) if activity else 0.0,
        )

    def _quiz(self, who: Sitting, place: int, moment: int) -> LearningEvent:
        rng, course, topic = self._rng, self._settings.courses[place], self._topics[place]
        questions = _between(rng, 5, 20)
        accuracy = self._performance(who)
        confident = rng.random() < _GUESS
        return QuizPerformanceSubmitted(
            event_id=self._event_id(),
            timestamp=moment,
            tenant_id=self._settings.tenant_id,
            student_id=who.student_id,
            source=self._settings.source,
            course_id=course.course_id,
            topic_id=topic,
            quiz_id=f"{topic}-quiz-{self._day}",
            total_questions=questions,
            correct_answers=round(questions * accuracy),
            time_spent=float(questions * _between(rng, 20, 60)),
            confidence_score=round(_unit(accuracy + rng.gauss(0.05, 0.12)), 2) if confident else None,
        )

    def _quality(self, who: Sitting, place: int, moment: int) -> LearningEvent:
        course, topic = self._settings.courses[place], self._topics[place]
        peer = self._rng.random() < _PEER
        return QualityAssessmentCompleted(
            event_id=self._event_id(),
            timestamp=moment,
            tenant_id=self._settings.tenant_id,
            student_id=who.student_id,
            source=self._settings.source,
            course_id=course.course_id,
            topic_id=topic,
            submission_id=f"{topic}-project-{self._day}",
            code_quality_score=round(self._performance(who), 2),
            correctness_score=round(self._performance(who), 2),
            efficiency_score=round(self._performance(who), 2),
            peer_review_score=round(self._performance(who), 2) if peer else None,
        )

    def _consistency(self, who: Sitting, moment: int) -> LearningEvent:
        return ConsistencyActivityRecorded(
            event_id=self._event_id(),
            timestamp=moment,
            tenant_id=self._settings.tenant_id,
            student_id=who.student_id,
            source=self._settings.source,
            activity_dates=(self._date,),
            current_streak=who.streak,
        )

    def _performance(self, who: Sitting) -> float:
        return _unit(self._rng.gauss(who.form.skill + who.talent, 0.09))

    def _event_id(self) -> str:
        """A UUID of the random kind (version 4), which follows from the seed like everything else."""
        text = f"{self._rng.getrandbits(128) ^ self._salt:032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def _between(rng: Random, low: int, high: int) -> int:
    """As `rng.randint`, in a third of its time."""
    return low + int(rng.random() * (high - low + 1))
