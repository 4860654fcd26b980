"""How fast one core folds events, and how fast it makes the result that follows each of them.

    python -m benchmarks.fold

The mix is OULAD's: 85 % days of clicks, 8 % completion reports, 7 % quizzes and assessments; one course,
250 days, in order. Events are decoded and their days are known before the clock starts. The best of several
repeats is told: the others measure what else the machine was doing.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from typing import Final

from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import LearnerState

FIRST_DAY: Final = 16_000
DAYS: Final = 250
EVENTS_A_STUDENT: Final = 250
STUDENTS: Final = 40
REPEATS: Final = 7

Work = list[list[tuple[Event, int]]]


def make_event(rng: random.Random, student: str, day: int) -> Event:
    """One event of the mix, on the day given."""
    event_id = f"{rng.getrandbits(128):032x}"
    event_id = "-".join((event_id[:8], event_id[8:12], event_id[12:16], event_id[16:20], event_id[20:]))
    timestamp = day * DAY_MS + rng.randrange(DAY_MS)
    (kind,) = rng.choices(("click", "report", "quiz", "assessment"), (85, 8, 3.5, 3.5))
    if kind == "click":
        return ConsistencyActivityRecorded(
            event_id=event_id,
            timestamp=timestamp,
            student_id=student,
            source="benchmark",
            course_id="AAA_2014B",
            activity_dates=(date_of(day),),
        )
    if kind == "report":
        return ExerciseCompletionSubmitted(
            event_id=event_id,
            timestamp=timestamp,
            student_id=student,
            source="benchmark",
            course_id="AAA_2014B",
            activity=rng.choice((True, False)),
            exercise_id="tasks",
            total_exercises=10,
            completed_exercises=rng.randint(0, 10),
            difficulty="intermediate",
            time_taken=60.0,
        )
    if kind == "quiz":
        return QuizPerformanceSubmitted(
            event_id=event_id,
            timestamp=timestamp,
            student_id=student,
            source="benchmark",
            course_id="AAA_2014B",
            quiz_id="quiz",
            total_questions=100,
            correct_answers=rng.randint(0, 100),
            time_spent=60.0,
        )
    return QualityAssessmentCompleted(
        event_id=event_id,
        timestamp=timestamp,
        student_id=student,
        source="benchmark",
        course_id="AAA_2014B",
        submission_id="essay",
        code_quality_score=rng.random(),
        correctness_score=rng.random(),
        efficiency_score=rng.random(),
    )


def make_work(students: int = STUDENTS, seed: int = 4) -> Work:
    """Events of each student in order of time, each with the number of its day."""
    rng = random.Random(seed)
    work: Work = []
    for student in range(students):
        days = sorted(rng.randrange(FIRST_DAY, FIRST_DAY + DAYS) for _ in range(EVENTS_A_STUDENT))
        work.append([(make_event(rng, f"student-{student}", day), day) for day in days])
    return work


def fold_all(work: Work, retention_days: int | None) -> list[LearnerState]:
    """Fold everything and nothing more."""
    states: list[LearnerState] = []
    for events in work:
        state = LearnerState()
        for event, day in events:
            state.fold(event, day, retention_days)
        states.append(state)
    return states


def fold_all_with_results(work: Work, retention_days: int | None) -> list[LearnerState]:
    """Fold everything, and make the overall result after each event."""
    formula = BUILT_IN[0]
    states: list[LearnerState] = []
    for events in work:
        state = LearnerState()
        for event, day in events:
            state.fold(event, day, retention_days)
            state.latest_result(formula)
        states.append(state)
    return states


def best_seconds(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Processor time of the quickest run."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


def run() -> dict[str, float]:
    """Measure.

    Returns:
        Events of a run; events folded per second, by retention; microseconds of a result after each event.
    """
    work = make_work()
    events = sum(map(len, work))
    kept = best_seconds(lambda: fold_all(work, 90))
    unlimited = best_seconds(lambda: fold_all(work, None))
    with_results = best_seconds(lambda: fold_all_with_results(work, 90))
    return {
        "events": events,
        "fold_events_per_second_retention_90": events / kept,
        "fold_events_per_second_retention_none": events / unlimited,
        "result_microseconds": 1e6 * (with_results - kept) / events,
        "fold_and_result_events_per_second": events / with_results,
    }


def report(figures: dict[str, float]) -> list[str]:
    """The figures as lines for people."""
    return [
        f"fold, retention 90 days   {figures['fold_events_per_second_retention_90']:>10,.0f} events/s",
        f"fold, no retention        {figures['fold_events_per_second_retention_none']:>10,.0f} events/s",
        f"result after each event   {figures['result_microseconds']:>10.2f} µs",
        f"fold and result           {figures['fold_and_result_events_per_second']:>10,.0f} events/s",
    ]


def main() -> None:
    """Print the figures, for people or (`--json`) for programs."""
    figures = run()
    print(json.dumps(figures) if "--json" in sys.argv[1:] else "\n".join(report(figures)))


if __name__ == "__main__":
    main()
