"""Twenty questions of a tutor's day: what answers each, with our tools and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from benchmarks.tokens import ways
from benchmarks.tokens.scenes import CLASS_SIZE
from benchmarks.tokens.ways import EXERCISES, QUALITY, QUIZ, STUDY, Way
from benchmarks.tokens.whatif import Change

STUDENT: Final = "100001"
OTHER: Final = "100002"
COURSE: Final = "CCC_2014B"
COHORT: Final = "class-1"
Arguments = dict[str, Any]
_ONE: Final[Arguments] = {"student_id": STUDENT}


@dataclass(frozen=True)
class Call:
    """A call of a tool.

    Attributes:
        tool: Its name.
        arguments: What it is given.
    """

    tool: str
    arguments: Arguments


@dataclass(frozen=True)
class Task:
    """A question.

    Attributes:
        name: Short.
        question: One sentence.
        calls: Calls that answer it with our tools.
        way: What a model must do without them.
        students: How many students' events it needs.
    """

    name: str
    question: str
    calls: tuple[Call, ...]
    way: Way
    students: int = 1


def _mastery(**more: str) -> tuple[Call, ...]:
    return (Call("get_mastery", _ONE | more),)


def _recommend(limit: int) -> tuple[Call, ...]:
    return (Call("recommend", _ONE | {"limit": limit}),)


def _forecast(**more: int) -> tuple[Call, ...]:
    return (Call("forecast", _ONE | more),)


_INTERVENTIONS: Final[dict[Change, Arguments]] = {
    QUIZ: {"quiz": [8, 10]},
    EXERCISES: {"exercises": 5},
    QUALITY: {"quality": 0.9},
    STUDY: {"study_days": 1},
}


def _compare(*changes: Change) -> tuple[Call, ...]:
    told = [_INTERVENTIONS[change] for change in changes]
    return (Call("compare_interventions", _ONE | {"interventions": told}),)


_BOTH: Final = (*_mastery(), Call("get_mastery", {"student_id": OTHER}))
_CLASS: Final = (Call("class_overview", {"cohort_id": COHORT}),)
_TWO: Final = (QUIZ, EXERCISES)
_THREE: Final = (QUIZ, EXERCISES, QUALITY)
TASKS: Final = (
    Task("score", "What is the student's score now?", _mastery(), ways.SCORE),
    Task("level", "Which level is the student on?", _mastery(), ways.SCORE),
    Task("to next level", "How much is missing to the next level?", _mastery(), ways.NEXT_LEVEL),
    Task("weakest part", "Which part is the weakest?", _mastery(), ways.WEAKEST),
    Task("course score", "What is the score in one course?", _mastery(course_id=COURSE), ways.SCORE),
    Task("next step", "What should the student do next?", _recommend(1), ways.GAINS),
    Task("three steps", "Which three things would bring most?", _recommend(3), ways.GAINS),
    Task("one more quiz", "What if one more quiz goes with 80 %?", _compare(QUIZ), ways.what_if(QUIZ)),
    Task(
        "five exercises",
        "What if five more exercises are done?",
        _compare(EXERCISES),
        ways.what_if(EXERCISES),
    ),
    Task("good submission", "What if a submission is judged 90 %?", _compare(QUALITY), ways.what_if(QUALITY)),
    Task("study tomorrow", "What if the student studies tomorrow?", _compare(STUDY), ways.STUDY_DAY),
    Task("quiz or exercises", "A quiz of 80 % or five exercises?", _compare(*_TWO), ways.what_if(*_TWO)),
    Task("best of three", "Quiz, exercises or a submission?", _compare(*_THREE), ways.what_if(*_THREE)),
    Task("next week", "What will the score be in a week?", _forecast(), ways.ahead(7)),
    Task("next month", "What will the score be in 30 days?", _forecast(days=30), ways.ahead(30)),
    Task("at risk", "Is the student at risk?", _forecast(), ways.ahead(7)),
    Task("trend", "Is the student getting better?", _forecast(), ways.TREND),
    Task("two students", "Which of two students is ahead?", _BOTH, ways.TWO, 2),
    Task("who needs help", "Who in the class needs help?", _CLASS, ways.CLASS, CLASS_SIZE),
    Task("class mean", "How does the class stand?", _CLASS, ways.CLASS_MEAN, CLASS_SIZE),
)
"""In the order of the table."""
CALCULATE: Final = Call("calculate", {"completion": 0.8, "quiz": 0.7, "quality": 0.9, "consistency": 0.6})
"""Beside the tasks: with all four parts given there are no events to read, and little to save."""
