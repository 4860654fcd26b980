"""The command lines of the skill that answer a question."""

from __future__ import annotations

from typing import Final

from benchmarks.tokens.tasks import CALCULATE, COHORT, COURSE, OTHER, STUDENT, Task

_SCRIPT: Final = "python3 -I scripts/mastery.py"
CALCULATION: Final = " ".join(
    [f"{_SCRIPT} calculate", *(f"--{name} {value}" for name, value in CALCULATE.arguments.items())]
)
_SHOW: Final = (f"{_SCRIPT} show {STUDENT}",)
_BRIEF: Final = f"{_SCRIPT} recommend --student {STUDENT} --brief"
_FORECAST: Final = (f"{_SCRIPT} forecast --student {STUDENT}",)
_WHAT_IF: Final = f"{_SCRIPT} what-if --student {STUDENT}"
_QUIZ, _EXERCISES, _QUALITY = "quiz=8/10", "exercises=5", "quality=0.9"
_LINES: Final[dict[str, tuple[str, ...]]] = {
    "score": _SHOW,
    "level": _SHOW,
    "to next level": _SHOW,
    "weakest part": _SHOW,
    "course score": (f"{_SCRIPT} show {STUDENT} --course {COURSE}",),
    "next step": (f"{_BRIEF} 1",),
    "three steps": (f"{_BRIEF} 3",),
    "one more quiz": (f"{_WHAT_IF} {_QUIZ}",),
    "five exercises": (f"{_WHAT_IF} {_EXERCISES}",),
    "good submission": (f"{_WHAT_IF} {_QUALITY}",),
    "study tomorrow": (f"{_WHAT_IF} study_days=1",),
    "quiz or exercises": (f"{_WHAT_IF} {_QUIZ} {_EXERCISES}",),
    "best of three": (f"{_WHAT_IF} {_QUIZ} {_EXERCISES} {_QUALITY}",),
    "next week": _FORECAST,
    "next month": (f"{_SCRIPT} forecast --student {STUDENT} --days 30",),
    "at risk": _FORECAST,
    "trend": _SHOW,
    "two students": (*_SHOW, f"{_SCRIPT} show {OTHER}"),
    "who needs help": (f"{_SCRIPT} class {COHORT}",),
    "class mean": (f"{_SCRIPT} class {COHORT}",),
}


def lines_for(task: Task) -> tuple[str, ...]:
    """Commands that answer a question.

    Args:
        task: The question.
    """
    return _LINES[task.name]
