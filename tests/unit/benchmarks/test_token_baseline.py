"""The frozen baseline is frugal, written down in full, and right: its last number is the engine's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.tokens.baselines import (
    EVERYTHING,
    MOST_OF_FORMULA,
    counted,
    everything_of,
    formula,
    frozen,
    frugal,
    output_of,
    program,
    with_code,
    with_everything,
)
from benchmarks.tokens.counting import ENCODINGS, compact, count
from benchmarks.tokens.layouts import columns, records
from benchmarks.tokens.scenes import Written, score, write
from benchmarks.tokens.student import Student, median_student
from benchmarks.tokens.tasks import TASKS
from benchmarks.tokens.whatif import Change, after
from benchmarks.tokens.working import Sheet
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

FIRST_DAY = 16_000
NOON = DAY_MS // 2


def student(course: str | None = "C1") -> Student:
    events: list[LearningEvent] = []

    def told(day: int) -> dict[str, object]:
        number = f"{len(events):012d}"
        return {
            "event_id": f"00000000-0000-4000-8000-{number}",
            "timestamp": (FIRST_DAY + day) * DAY_MS + NOON,
            "student_id": "1",
            "source": "test",
            "course_id": course,
        }

    def quiz(day: int, right: int, total: int, confidence: float | None = None) -> None:
        fields = told(day) | {"total_questions": total, "correct_answers": right, "time_spent": 0.0}
        events.append(QuizPerformanceSubmitted(**fields, quiz_id="q", confidence_score=confidence))  # pyright: ignore[reportArgumentType]

    def judged(day: int, *scores: float) -> None:
        names = ("code_quality_score", "correctness_score", "efficiency_score")
        fields = told(day) | dict(zip(names, scores, strict=True))
        events.append(QualityAssessmentCompleted(**fields, submission_id="s"))  # pyright: ignore[reportArgumentType]

    def exercises(day: int, done: int, *, activity: bool = True) -> None:
        fields = told(day) | {"total_exercises": 8, "completed_exercises": done, "time_taken": 0.0}
        events.append(
            ExerciseCompletionSubmitted(
                **fields,  # pyright: ignore[reportArgumentType]
                exercise_id="e",
                difficulty="intermediate",
                activity=activity,
            )
        )

    for day in (0, 1, 2, 5, 19, 20):
        date = date_of(FIRST_DAY + day)
        events.append(ConsistencyActivityRecorded(**told(day), activity_dates=(date,)))  # pyright: ignore[reportArgumentType]
    quiz(3, 7, 10, 0.9)
    quiz(17, 31, 40)
    judged(4, 0.5, 0.75, 0.4)
    judged(18, 0.9, 0.6, 0.6)
    exercises(6, 1)
    exercises(21, 5, activity=False)
    return Student(sorted(events, key=lambda event: event.timestamp))


def test_the_formula_is_told_in_at_most_300_tokens_by_any_tokenizer() -> None:
    assert max(count(formula()).values()) <= MOST_OF_FORMULA


def test_what_was_frozen_is_what_is_written_down() -> None:
    held = frozen()
    assert held["formula"] == count(formula())
    assert held["program"] == count(program())
    assert held["everything"]["definition"] == count(compact(dict(EVERYTHING)))
    assert {name: one["code"] for name, one in held["tasks"].items()} == {
        task.name: count(task.way.code) for task in TASKS
    }


def test_there_are_twenty_questions_each_of_one_sentence() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS) == 20
    assert all(task.question.endswith("?") and len(task.question) < 80 for task in TASKS)


def test_the_frozen_counts_are_those_of_the_real_median_student(oulad_folder: Path) -> None:
    chosen = median_student(oulad_folder)
    held = frozen()
    del held["quicktok"]
    assert counted(chosen) == held
    for task in TASKS:
        written = write(task.way.scene, chosen.student)
        assert written.found == written.expected
    engine = chosen.student.result(chosen.student.day).score
    assert f"={engine:g} " in write(score, chosen.student).text
    assert output_of(TASKS[0], chosen.student).split()[-1] == f"{engine:g}"


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_every_working_ends_with_the_numbers_of_the_engine(name: str) -> None:
    task = next(task for task in TASKS if task.name == name)
    written = write(task.way.scene, student())
    assert written.found
    assert written.found == written.expected


def test_the_working_shows_the_score_that_the_engine_computes() -> None:
    whose = student()
    engine = whose.result(whose.day)
    assert write(score, whose).text.endswith(f"={engine.score:g} {engine.level}")


def test_a_working_that_gets_another_number_than_the_engine_is_refused() -> None:
    def wrong(whose: Student, sheet: Sheet, written: Written) -> None:
        score(whose, sheet, written)
        written.found[-1] += 0.000001

    with pytest.raises(ValueError, match="does not get the engine's numbers"):
        write(wrong, student())


def test_the_program_of_the_code_tool_prints_the_number_of_the_engine() -> None:
    whose = student()
    assert output_of(TASKS[0], whose).split()[-1] == f"{whose.result(whose.day).score:g}"
    quiz = next(task for task in TASKS if task.name == "one more quiz")
    assert output_of(quiz, whose).split()[-1] == f"{after(Change('quiz', 0.8), whose):g}"


def test_the_events_of_the_baseline_carry_no_id_and_no_blank() -> None:
    whose = student()
    text = compact(records(whose.events))
    assert " " not in text
    assert not {"event_id", "student_id", "source", "course"} & {
        name for one in json.loads(text) for name in one
    }
    assert sum(map(len, columns(whose.events).values())) == len(whose.events) == len(json.loads(text))


def test_a_student_of_several_courses_has_the_course_in_each_event() -> None:
    both = Student([*student().events, *student("C2").events])
    assert {one["course"] for one in records(both.events)} == {"C1", "C2"}


def test_a_tool_that_returns_everything_returns_all_events_and_the_profile() -> None:
    whose = student()
    told = json.loads(everything_of(whose))
    assert len(told["events"]) == told["profile"]["events"] == len(whose.events)


def test_the_baselines_of_a_class_count_the_events_of_each_student() -> None:
    held = frozen()
    alone, whole = TASKS[0], TASKS[-1]
    for name in ENCODINGS:
        assert frugal(held, whole)[name] > 4 * frugal(held, alone)[name]
        assert with_everything(held, whole)[name] == 5 * with_everything(held, alone)[name]
        assert with_code(held, alone)[name] > frugal(held, alone)[name]
