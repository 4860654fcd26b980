from datetime import date
from typing import Literal

import pytest

from mastery_engine.domain.calendar import day_of
from mastery_engine.domain.events import Event
from mastery_engine.domain.evidence import (
    NO_DAY,
    Completion,
    DecayedMean,
    Evidence,
    evidence_of,
    is_evidence,
    merge_all,
    quality_value,
    quiz_value,
)
from tests.unit.domain.sending import at, completion, quality, question, quiz, visit

DAY = day_of(date(2024, 3, 1))


def folded(*events: Event) -> Evidence:
    evidence = Evidence()
    for event in events:
        evidence.fold(event, event.timestamp // 86_400_000)
    return evidence


def test_everything_but_a_question_is_evidence() -> None:
    assert all(map(is_evidence, (completion(1), quiz(1), quality(1, 1, 1), visit())))
    assert not is_evidence(question())
    with pytest.raises(KeyError):
        evidence_of(question(), DAY)


def test_a_calibrated_quiz_counts_whole_and_a_misjudged_one_up_to_a_tenth_less() -> None:
    assert quiz_value(quiz(8)) == 0.8
    assert quiz_value(quiz(8, confidence=0.8)) == 0.8
    assert quiz_value(quiz(8, confidence=0.3)) == pytest.approx(0.8 * 0.95)
    assert quiz_value(quiz(10, confidence=0.0)) == pytest.approx(0.9)
    assert quiz_value(quiz(5, confidence=1.0)) == quiz_value(quiz(5, confidence=0.0)) == pytest.approx(0.475)
    assert quiz_value(quiz(0, confidence=1.0)) == 0.0


def test_quality_is_the_mean_of_three_scores_or_of_four_with_a_peer_review() -> None:
    assert quality_value(quality(0.3, 0.6, 0.9)) == pytest.approx(0.6)
    assert quality_value(quality(0.3, 0.6, 0.9, 0.2)) == pytest.approx(0.5)
    assert quality_value(quality(1.0, 1.0, 1.0, 0.0)) == 0.75


def test_a_quiz_weighs_its_questions_and_an_assessment_one() -> None:
    evidence = folded(quiz(10, 10), quiz(0, 30), quality(1, 1, 1), quality(0, 0, 0))
    assert evidence.quiz == DecayedMean(10.0, 40.0, at("2024-03-01T12:00:00"))
    assert evidence.quality == DecayedMean(1.0, 2.0, at("2024-03-01T12:00:00"))
    assert evidence.quiz is not None
    assert evidence.quiz.value == 0.25


@pytest.mark.parametrize("order", [1, -1])
def test_a_weight_halves_in_fourteen_days_whatever_the_order(order: int) -> None:
    old, new = quiz(10, 10, "2024-03-01T12:00:00"), quiz(0, 10, "2024-03-15T12:00:00")
    evidence = folded(*(old, new)[::order])
    assert evidence.quiz == DecayedMean(5.0, 15.0, new.timestamp)
    assert evidence.quiz is not None
    assert evidence.quiz.value == 0.333333333333


@pytest.mark.parametrize("order", [1, -1])
def test_the_reference_time_is_the_newest_evidence_to_the_millisecond(order: int) -> None:
    old, new = quiz(10, 10, "2024-03-01T12:00:00"), quiz(0, 10, "2024-03-01T12:00:00.001")
    evidence = folded(*(old, new)[::order])
    assert evidence.quiz is not None
    assert evidence.quiz.reference == new.timestamp


@pytest.mark.parametrize("order", [1, -1])
def test_evidence_of_half_a_century_ago_fades_without_overflow(order: int) -> None:
    old, new = quality(1, 1, 1, when="1970-01-01T00:00:00"), quality(0, 0, 0, when="2024-03-15T12:00:00")
    evidence = folded(*(old, new)[::order])
    assert evidence.quality is not None
    assert (evidence.quality.weight, evidence.quality.value) == (1.0, 0.0)


def test_a_mean_is_told_at_twelve_decimals_and_never_beyond_one() -> None:
    assert DecayedMean(0.1 + 0.2, 1.0, 0).value == 0.3
    assert DecayedMean(2.0999999999999996, 3.0, 0).value == 0.7
    assert DecayedMean(1.0000000000000002, 1.0, 0).value == 1.0
    assert DecayedMean(2.0, 3.0, 0).value == 0.666666666667
    assert DecayedMean(1.0, 3.0, 0).value == 0.333333333333
    assert DecayedMean(0.0, 3.0, 0).value == 0.0


@pytest.mark.parametrize(
    ("difficulty", "completed", "credited"),
    [
        ("beginner", 5, 4.0),
        ("beginner", 10, 8.0),
        ("intermediate", 5, 5.0),
        ("intermediate", 10, 10.0),
        ("advanced", 5, 6.0),
        ("advanced", 9, 10.0),
        ("advanced", 10, 10.0),
        ("advanced", 0, 0.0),
    ],
)
def test_difficulty_multiplies_what_is_completed_up_to_the_total(
    difficulty: Literal["beginner", "intermediate", "advanced"], completed: int, credited: float
) -> None:
    report = folded(completion(completed, difficulty=difficulty)).completion
    assert report is not None
    assert report.credited == credited


@pytest.mark.parametrize("order", [1, -1])
def test_the_latest_completion_report_counts_even_if_it_tells_less(order: int) -> None:
    old, new = completion(9, when="2024-03-01T12:00:00"), completion(2, 20, when="2024-03-01T12:00:00.001")
    report = folded(*(old, new)[::order]).completion
    assert report == Completion(new.timestamp, bytes.fromhex(new.event_id.replace("-", "")), 2, 20, 1.0)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("one", "other"), [(0x9, 0xA), (0xFF, 0x100), (0x0F, 0xF0)])
def test_of_reports_of_one_moment_the_higher_event_id_counts(one: int, other: int, order: int) -> None:
    low, high = completion(9, number=one), completion(2, number=other)
    assert low.event_id < high.event_id
    report = folded(*(low, high)[::order]).completion
    assert report is not None
    assert report.completed == 2


def test_every_event_marks_its_day_unless_it_is_no_activity() -> None:
    for active in (completion(1), quiz(1), quality(1, 1, 1), visit()):
        evidence = folded(active)
        assert (evidence.events, evidence.active_until, evidence.active_days) == (1, DAY, 1)
    for report in (
        completion(1, activity=False),
        quiz(1, activity=False),
        quality(1, 1, 1, activity=False),
        visit(activity=False),
    ):
        evidence = folded(report)
        assert (evidence.events, evidence.active_until, evidence.active_days) == (1, NO_DAY, 0)


def test_a_consistency_event_adds_its_dates_with_and_without_its_own_day() -> None:
    dates = ("2024-02-29", "2024-02-27", "2024-02-29")
    assert folded(visit("2024-03-01T12:00:00", *dates)).active_days == 0b1011
    without = folded(visit("2024-03-01T12:00:00", *dates, activity=False))
    assert (without.active_until, without.active_days) == (DAY - 1, 0b101)
    own = folded(visit("2024-03-01T12:00:00", "2024-03-01", activity=False))
    assert (own.active_until, own.active_days) == (DAY, 1)


def test_a_told_streak_counts_if_it_is_the_longest_and_the_current_one_does_not() -> None:
    assert folded(visit(streak=9)).max_streak == 0
    assert folded(visit(told=5), visit(told=7), visit(told=6), visit(told=None)).max_streak == 7


@pytest.mark.parametrize(
    ("gap", "bitmap"), [(1, 0b11), (88, 1 | 1 << 88), (89, 1 | 1 << 89), (90, 1), (91, 1)]
)
def test_the_ninety_kept_days_include_the_newest(gap: int, bitmap: int) -> None:
    forward, backward = Evidence(), Evidence()
    for day in (DAY - gap, DAY):
        forward.mark_active(day, 1)
    for day in (DAY, DAY - gap):
        backward.mark_active(day, 1)
    assert forward == backward == Evidence(active_until=DAY, active_days=bitmap)


def test_marking_a_bitmap_drops_what_falls_out_of_the_window() -> None:
    full = (1 << 90) - 1
    evidence = Evidence()
    evidence.mark_active(DAY, full)
    evidence.mark_active(DAY + 10, 1)
    assert evidence.active_days == ((full << 10) & full) | 1
    evidence.mark_active(DAY - 5, full)
    assert evidence.active_days == ((full << 10) & full) | 1
    late = Evidence()
    late.mark_active(DAY, 1)
    late.mark_active(DAY - 1, 1 | 1 << 88 | 1 << 89)
    assert late.active_days == 0b11 | 1 << 89


def test_merging_takes_each_part_from_whom_it_is() -> None:
    left = folded(completion(3, when="2024-03-02T12:00:00"), visit(told=4))
    right = folded(completion(1), quiz(5), quality(1, 0.5, 0), visit("2024-02-28T12:00:00", told=3))
    whole = merge_all((left, right))
    assert whole == merge_all([right, left])
    assert (whole.events, whole.max_streak) == (6, 4)
    assert (whole.active_until, whole.active_days) == (DAY + 1, 0b1011)
    assert whole.completion == left.completion
    assert (whole.quiz, whole.quality) == (right.quiz, right.quality)
    assert merge_all(()) == Evidence()


def test_a_merge_and_a_copy_share_nothing_that_changes() -> None:
    original = folded(quiz(5), quality(1, 1, 1), completion(1))
    twin = original.copy()
    assert twin == original
    twin.fold(quiz(0), DAY)
    twin.fold(quality(0, 0, 0), DAY)
    assert (original.events, twin.events) == (3, 5)
    assert original.quiz == DecayedMean(5.0, 10.0, at("2024-03-01T12:00:00"))
    assert original.quality == DecayedMean(1.0, 1.0, at("2024-03-01T12:00:00"))
