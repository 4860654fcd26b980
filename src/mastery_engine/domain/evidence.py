"""Evidence: what events say of the four components, as values that merge in any order.

`Evidence` is a commutative monoid (up to rounding): folding an event is merging that event's evidence, so
any order and any split of the same events gives the same value. It is changed in place by its one owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, final

from msgspec import Struct

from mastery_engine.domain.calendar import DAY_MS, day_of
from mastery_engine.domain.events import (
    DIFFICULTY_MULTIPLIER,
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

HALF_LIFE_DAYS: Final = 14
KEPT_ACTIVE_DAYS: Final = 90
_HALF_LIFE_MS: Final = HALF_LIFE_DAYS * DAY_MS
_ACTIVE_MASK: Final = (1 << KEPT_ACTIVE_DAYS) - 1
NO_DAY: Final = -1_000_000
CALIBRATION_PENALTY: Final = 0.1
# A whole number by a power of ten is the double nearest to that decimal, in a third of round()'s time.
_SNAP: Final = 1e12


class Completion(NamedTuple):
    """A course's completion as last reported; tuples compare as the law asks: by time, then by event id.

    Attributes:
        timestamp: Unix milliseconds of the report.
        event_id: The reporting event's UUID, 16 bytes (their order is that of the lower-case text).
        completed: Exercises done.
        total: Exercises there are.
        multiplier: Of the difficulty, 0.8, 1.0 or 1.2.
    """

    timestamp: int
    event_id: bytes
    completed: int
    total: int
    multiplier: float

    @property
    def credited(self) -> float:
        """Exercises that count: completed times multiplier, at most the total."""
        credited = self.completed * self.multiplier
        return credited if credited < self.total else float(self.total)


@final
class DecayedMean(Struct):
    """A weighted mean whose weights halve every 14 days of event time, kept at its newest evidence.

    A fixed epoch would overflow; at the newest evidence every factor is at most 1.

    Attributes:
        weighted: Sum of weight times value, decayed to `reference`.
        weight: Sum of weights, decayed to `reference`; at least the newest one's.
        reference: Unix milliseconds of the newest evidence.
    """

    weighted: float
    weight: float
    reference: int

    def add(self, weighted: float, weight: float, reference: int) -> None:
        """Merge other sums into these; the later reference time is kept."""
        age = reference - self.reference
        if age > 0:
            factor = 2.0 ** (-age / _HALF_LIFE_MS)
            self.weighted = self.weighted * factor + weighted
            self.weight = self.weight * factor + weight
            self.reference = reference
        else:
            factor = 2.0 ** (age / _HALF_LIFE_MS)
            self.weighted += weighted * factor
            self.weight += weight * factor

    @property
    def value(self) -> float:
        """The mean in [0, 1], at 12 decimals: the noise of summing in another order must not show at six."""
        return (self.weighted / self.weight * _SNAP + 0.5) // 1.0 / _SNAP


@final
class Evidence(Struct):
    """What a set of events says, of one course.

    Attributes:
        events: How many events were folded.
        active_until: Number of the newest active day, `NO_DAY` without one.
        active_days: Bitmap of active days; bit k is the day `active_until - k`, 90 bits.
        max_streak: Longest streak ever told from outside, 0 without one.
        completion: Latest report, None without one.
        quiz: Decayed mean of calibrated accuracies, weight = number of questions.
        quality: Decayed mean of assessments, weight 1 each.
    """

    events: int = 0
    active_until: int = NO_DAY
    active_days: int = 0
    max_streak: int = 0
    completion: Completion | None = None
    quiz: DecayedMean | None = None
    quality: DecayedMean | None = None

    def fold(self, event: Event, day: int) -> None:
        """Merge the evidence of one event; see `evidence_of` for the arguments."""
        self.merge(evidence_of(event, day))

    def merge(self, other: Evidence) -> None:
        """Add everything that `other` says; `other` is left as it is and shares nothing that changes."""
        self.events += other.events
        if other.active_until == self.active_until:
            self.active_days |= other.active_days
        elif other.active_days:
            self.mark_active(other.active_until, other.active_days)
        if other.max_streak > self.max_streak:  # noqa: PLR1730 - max() takes as long as the rest
            self.max_streak = other.max_streak
        completion = other.completion
        if completion is not None and (self.completion is None or completion > self.completion):
            self.completion = completion
        if other.quiz is not None:
            self.quiz = _merged(self.quiz, other.quiz)
        if other.quality is not None:
            self.quality = _merged(self.quality, other.quality)

    def copy(self) -> Evidence:
        """An independent copy."""
        quiz, quality = self.quiz, self.quality
        return Evidence(
            self.events,
            self.active_until,
            self.active_days,
            self.max_streak,
            self.completion,
            None if quiz is None else DecayedMean(quiz.weighted, quiz.weight, quiz.reference),
            None if quality is None else DecayedMean(quality.weighted, quality.weight, quality.reference),
        )

    def mark_active(self, until: int, days: int) -> None:
        """Add a bitmap of active days whose bit 0 is the day `until`; days out of the window are dropped."""
        ahead = until - self.active_until
        if ahead == 0:
            self.active_days |= days
        elif ahead > 0:
            kept = self.active_days << ahead if ahead < KEPT_ACTIVE_DAYS else 0
            self.active_days = (kept | days) & _ACTIVE_MASK
            self.active_until = until
        elif ahead > -KEPT_ACTIVE_DAYS:
            self.active_days = (self.active_days | days << -ahead) & _ACTIVE_MASK


def evidence_of(event: Event, day: int) -> Evidence:
    """Evidence of one event alone.

    Args:
        event: Any event that is evidence (`is_evidence`).
        day: Number of the event's own day in the tenant's time zone.
    """
    return _READERS[type(event)](event, day)


def is_evidence(event: Event) -> bool:
    """Whether the event says something of the student; a calculation request does not."""
    return type(event) in _READERS


def _own_day(event: Event, day: int) -> Evidence:
    return Evidence(1, day, 1) if event.activity else Evidence(1)


def _of_completion(event: ExerciseCompletionSubmitted, day: int) -> Evidence:
    evidence = _own_day(event, day)
    evidence.completion = Completion(
        event.timestamp,
        bytes.fromhex(event.event_id.replace("-", "")),
        event.completed_exercises,
        event.total_exercises,
        DIFFICULTY_MULTIPLIER[event.difficulty],
    )
    return evidence


def _of_quiz(event: QuizPerformanceSubmitted, day: int) -> Evidence:
    evidence = _own_day(event, day)
    weight = float(event.total_questions)
    evidence.quiz = DecayedMean(quiz_value(event) * weight, weight, event.timestamp)
    return evidence


def _of_quality(event: QualityAssessmentCompleted, day: int) -> Evidence:
    evidence = _own_day(event, day)
    evidence.quality = DecayedMean(quality_value(event), 1.0, event.timestamp)
    return evidence


def _of_consistency(event: ConsistencyActivityRecorded, day: int) -> Evidence:
    evidence = _own_day(event, day)
    for active in event.activity_dates:
        active_day = day_of(active)
        if active_day != evidence.active_until:
            evidence.mark_active(active_day, 1)
    if event.max_streak is not None:
        evidence.max_streak = event.max_streak
    return evidence


_READERS: Final[dict[type[Event], Callable[..., Evidence]]] = {
    ExerciseCompletionSubmitted: _of_completion,
    QuizPerformanceSubmitted: _of_quiz,
    QualityAssessmentCompleted: _of_quality,
    ConsistencyActivityRecorded: _of_consistency,
}


def quiz_value(event: QuizPerformanceSubmitted) -> float:
    """Accuracy times calibration: 1 - 0.1 * |confidence - accuracy|, 1 without a confidence; in [0, 1]."""
    accuracy = event.correct_answers / event.total_questions
    if event.confidence_score is None:
        return accuracy
    return accuracy * (1.0 - CALIBRATION_PENALTY * abs(event.confidence_score - accuracy))


def quality_value(event: QualityAssessmentCompleted) -> float:
    """Mean of code quality, correctness, efficiency and, if given, peer review, in [0, 1]."""
    total = event.code_quality_score + event.correctness_score + event.efficiency_score
    if event.peer_review_score is None:
        return total / 3
    return (total + event.peer_review_score) / 4


def merge_all(parts: Iterable[Evidence]) -> Evidence:
    """Merge any number of evidences into a new one."""
    rest = iter(parts)
    first = next(rest, None)
    whole = Evidence() if first is None else first.copy()
    for part in rest:
        whole.merge(part)
    return whole


def _merged(mine: DecayedMean | None, other: DecayedMean) -> DecayedMean:
    if mine is None:
        return DecayedMean(other.weighted, other.weight, other.reference)
    mine.add(other.weighted, other.weight, other.reference)
    return mine
