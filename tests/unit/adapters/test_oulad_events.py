"""Each line of the importer's table, with values worked out by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid5

import msgspec
import pytest

from mastery_engine.adapters.oulad.events import NAMESPACE, event_id
from mastery_engine.adapters.oulad.importer import OuladEvents, start_of
from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.rules import AcceptanceRules
from tests.unit.adapters.oulad_tables import TABLES, write_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tables(tmp_path)


def events_of(folder: Path, module: str | None = None) -> list[LearningEvent]:
    return [event for batch in OuladEvents(folder, "2014B", module) for event in batch]


def when(event: Event) -> str:
    return datetime.fromtimestamp(event.timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def completions(events: Sequence[Event], student: str, course: str) -> list[tuple[str, int, int, bool]]:
    return [
        (when(event), event.completed_exercises, event.total_exercises, event.activity)
        for event in events
        if isinstance(event, ExerciseCompletionSubmitted)
        and (event.student_id, event.course_id) == (student, course)
    ]


def test_a_scored_cma_is_a_quiz_of_100_questions_at_noon(folder: Path) -> None:
    quizzes = [event for event in events_of(folder, "AAA") if isinstance(event, QuizPerformanceSubmitted)]
    assert len(quizzes) == 1
    quiz = quizzes[0]
    assert (quiz.student_id, quiz.course_id, quiz.quiz_id) == ("11", "AAA_2014B", "2")
    assert (quiz.total_questions, quiz.correct_answers, quiz.confidence_score) == (100, 65, None)
    assert (when(quiz), quiz.activity) == ("2014-02-21 12:00:00", True)


def test_half_a_point_of_a_quiz_rounds_up(folder: Path) -> None:
    quizzes = [event for event in events_of(folder, "BBB") if isinstance(event, QuizPerformanceSubmitted)]
    assert [(quiz.student_id, quiz.correct_answers) for quiz in quizzes] == [("14", 71)]


def test_a_scored_tma_is_an_assessment_with_three_equal_scores_at_noon(folder: Path) -> None:
    found = [
        (
            when(event),
            event.student_id,
            event.code_quality_score,
            event.correctness_score,
            event.efficiency_score,
        )
        for event in events_of(folder)
        if isinstance(event, QualityAssessmentCompleted)
    ]
    assert found == [
        ("2014-02-09 12:00:00", "11", 0.78, 0.78, 0.78),
        ("2014-01-31 12:00:00", "13", 0.5, 0.5, 0.5),
    ]


def test_submission_days_and_due_days_make_one_completion_each(folder: Path) -> None:
    assert completions(events_of(folder), "11", "AAA_2014B") == [
        (
            "2014-02-09 12:00:00",
            1,
            1,
            True,
        ),  # before anything is due: the total is at least what is completed
        ("2014-02-11 23:59:59", 1, 1, False),  # due, and nothing submitted that day
        ("2014-02-21 23:59:59", 2, 2, True),  # submitted on the due day
        ("2014-05-07 12:00:00", 3, 3, True),  # without a score
        ("2014-05-12 23:59:59", 3, 3, False),  # no due day told: the course's last day
    ]


def test_due_days_count_from_registration_and_not_on_the_day_of_unregistration(folder: Path) -> None:
    events = events_of(folder)
    assert completions(events, "12", "AAA_2014B") == [("2014-02-21 23:59:59", 0, 2, False)]
    assert completions(events, "13", "AAA_2014B") == [
        ("2014-01-31 12:00:00", 1, 1, True),  # banked, before the start
        ("2014-02-11 23:59:59", 1, 1, False),
    ]


def test_a_submission_on_a_due_day_is_told_at_its_end_even_of_somebody_unregistered(folder: Path) -> None:
    events = events_of(folder)
    assert completions(events, "14", "AAA_2014B") == [("2014-02-11 23:59:59", 1, 1, True)]
    assert completions(events, "14", "BBB_2014B") == [
        ("2014-03-02 12:00:00", 1, 1, True),
        ("2014-03-03 23:59:59", 1, 1, False),
    ]


def test_each_day_of_clicks_in_a_course_is_an_active_day_at_eight(folder: Path) -> None:
    found = [
        (when(event), event.student_id, event.course_id, event.activity_dates, event.activity)
        for event in events_of(folder)
        if isinstance(event, ConsistencyActivityRecorded)
    ]
    day = (date(2014, 1, 27),)
    assert found == [
        ("2014-01-27 08:00:00", "11", "AAA_2014B", day, True),
        ("2014-01-27 08:00:00", "11", "BBB_2014B", day, True),
    ]


def test_an_exam_makes_no_event(folder: Path) -> None:
    assert not [event for event in events_of(folder) if when(event).startswith("2014-05-11")]


def test_other_presentations_and_modules_stay_out(folder: Path) -> None:
    assert {event.course_id for event in events_of(folder)} == {"AAA_2014B", "BBB_2014B"}
    assert {event.course_id for event in events_of(folder, "BBB")} == {"BBB_2014B"}
    assert OuladEvents(folder, "2014B").course_ids == ("AAA_2014B", "BBB_2014B")


def test_events_of_one_module_are_those_of_the_whole_presentation(folder: Path) -> None:
    whole = [event for event in events_of(folder) if event.course_id == "AAA_2014B"]
    assert events_of(folder, "AAA") == whole


def test_events_come_by_student_and_time_in_batches_and_the_total_is_known_before(folder: Path) -> None:
    source = OuladEvents(folder, "2014B", batch_size=4)
    batches = list(source)
    order = [(int(event.student_id), event.timestamp) for batch in batches for event in batch]
    assert order == sorted(order)
    assert [len(batch) for batch in batches] == [4, 4, 4, 4, 1]
    assert source.total == 17


def test_the_order_of_rows_in_the_files_changes_nothing(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    turned: dict[str, str] = {}
    for name, text in TABLES.items():
        header, *rows = text.splitlines(keepends=True)
        turned[name] = header + "".join(reversed(rows))
    assert events_of(write_tables(before)) == events_of(write_tables(after, **turned))


def test_of_a_repeated_submission_the_first_row_counts(tmp_path: Path) -> None:
    repeated = TABLES["studentAssessment"] + '"1","11","9","0","10"\n'
    folder = write_tables(tmp_path, studentAssessment=repeated)
    quality = [event for event in events_of(folder) if isinstance(event, QualityAssessmentCompleted)]
    assert [(when(event), event.correctness_score) for event in quality if event.student_id == "11"] == [
        ("2014-02-09 12:00:00", 0.78)
    ]


def test_event_ids_are_uuid5_of_the_row_and_differ(folder: Path) -> None:
    events = events_of(folder)
    ids = {event.event_id for event in events}
    assert len(ids) == len(events)
    assert str(uuid5(NAMESPACE, "studentAssessment/2/11")) in ids
    assert str(uuid5(NAMESPACE, "studentVle/AAA/2014B/11/-5")) in ids
    assert str(uuid5(NAMESPACE, "completion/AAA/2014B/13/-1")) in ids


def test_the_quick_uuid_equals_the_library_for_every_variant_digit() -> None:
    names = [f"row/{number}" for number in range(500)]
    assert [event_id(name) for name in names] == [str(uuid5(NAMESPACE, name)) for name in names]


def test_every_event_fits_schema_and_rules(folder: Path) -> None:
    rules = AcceptanceRules(Calendar(), retention_days=None)
    for event in events_of(folder):
        data = msgspec.json.encode(event)
        assert msgspec.json.decode(data, type=LearningEvent) == event
        assert rules.problems(event, event.timestamp) == ()
        assert (event.tenant_id, event.source) == ("oulad", "oulad")


def test_the_tenant_can_be_chosen(folder: Path) -> None:
    batches = OuladEvents(folder, "2014B", tenant_id="open-university")
    assert {event.tenant_id for batch in batches for event in batch} == {"open-university"}


@pytest.mark.parametrize(
    ("presentation", "start"),
    [
        ("2013B", date(2013, 2, 1)),
        ("2013J", date(2013, 10, 1)),
        ("2014B", date(2014, 2, 1)),
        ("2014J", date(2014, 10, 1)),
    ],
)
def test_presentations_begin_in_february_or_october(presentation: str, start: date) -> None:
    assert start_of(presentation) == start


@pytest.mark.parametrize("name", ["2014", "2014X", "14B", "2014B ", "", "2014b"])
def test_a_name_that_is_no_presentation_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="must be a year and B or J"):
        start_of(name)
