"""Events in the place of the median student's where the data is not there: as many, of the same kinds, all made up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mastery_engine.contracts.event_json import event_from
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import LearningEvent

_FIRST_DAY: Final = 16_100
_HALF: Final = DAY_MS // 2
_ACTIVE: Final = 42
_REPORTS: Final = 12
_QUIZZES: Final = 2
_JUDGED: Final = 3
_SCORES: Final = ("code_quality_score", "correctness_score", "efficiency_score")


def events(course_id: str) -> list[LearningEvent]:
    """Fifty-nine events of half a year, in order of event time.

    Args:
        course_id: Of all of them.
    """
    common = {"student_id": "1", "source": "stand-in", "course_id": course_id}
    made = [
        event_from(
            common
            | told
            | {
                "event_id": f"00000000-0000-4000-8000-{number:012d}",
                "timestamp": (_FIRST_DAY + day) * DAY_MS + _HALF,
            }
        )
        for number, (day, told) in enumerate(_told())
    ]
    return sorted(made, key=lambda event: event.timestamp)


def _told() -> Iterator[tuple[int, dict[str, Any]]]:
    for place in range(_ACTIVE):
        # Two days in a row of each nine.
        day = place // 2 * 9 + place % 2
        dates = [date_of(_FIRST_DAY + day).isoformat()]
        yield day, {"event_type": "consistency.activity.recorded", "activity_dates": dates}
    for place in range(_REPORTS):
        counts = {"total_exercises": place + 1, "completed_exercises": place // 2 + 1}
        more = {"exercise_id": "e", "difficulty": "intermediate", "time_taken": 0.0}
        yield place * 15, {"event_type": "exercise.completion.submitted", **counts, **more}
    for place in range(_QUIZZES):
        counts = {"total_questions": 100, "correct_answers": 47 + 19 * place}
        more = {"quiz_id": f"q{place}", "time_spent": 0.0}
        yield 70 + 60 * place, {"event_type": "quiz.performance.submitted", **counts, **more}
    for place in range(_JUDGED):
        scores = dict.fromkeys(_SCORES, 0.83 - 0.17 * place)
        more = {"submission_id": f"s{place}"}
        yield 40 + 55 * place, {"event_type": "quality.assessment.completed", **scores, **more}
