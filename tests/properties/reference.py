"""The specification's table, computed the slow way: from the list of events, nothing kept, nothing decayed.

It shares no code with the domain but the events' types.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

MULTIPLIER = {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}


class Values(NamedTuple):
    completion: float | None
    quiz: float | None
    quality: float | None
    consistency: float | None

    def score(self) -> float:
        completion, quiz, quality, consistency = (value or 0.0 for value in self)
        return 0.40 * completion + 0.30 * quiz + 0.20 * quality + 0.10 * consistency


def local_date(event: Event, zone: str) -> date:
    utc = datetime.fromtimestamp(event.timestamp // 1000, UTC)
    local = utc.astimezone(ZoneInfo(zone)).date()
    return max(local, date(1970, 1, 1))


def values(events: Iterable[Event], zone: str, as_of: date) -> Values | None:
    """Component values at the end of a day of all the events given; None with no event."""
    known = [event for event in events if local_date(event, zone) <= as_of]
    if not known:
        return None
    return Values(_completion(known), _quiz(known), _quality(known), _consistency(known, zone, as_of))


def _completion(events: Sequence[Event]) -> float | None:
    latest: dict[str | None, ExerciseCompletionSubmitted] = {}
    for event in events:
        if isinstance(event, ExerciseCompletionSubmitted):
            held = latest.get(event.course_id)
            if held is None or (event.timestamp, event.event_id) > (held.timestamp, held.event_id):
                latest[event.course_id] = event
    if not latest:
        return None
    credited = sum(
        min(e.completed_exercises * MULTIPLIER[e.difficulty], e.total_exercises) for e in latest.values()
    )
    return credited / sum(e.total_exercises for e in latest.values())


def _quiz(events: Sequence[Event]) -> float | None:
    evidence: list[tuple[int, float, float]] = []
    for event in events:
        if isinstance(event, QuizPerformanceSubmitted):
            accuracy = event.correct_answers / event.total_questions
            confidence = event.confidence_score
            calibration = 1.0 if confidence is None else 1.0 - 0.1 * abs(confidence - accuracy)
            evidence.append((event.timestamp, event.total_questions, accuracy * calibration))
    return _aged_mean(evidence)


def _quality(events: Sequence[Event]) -> float | None:
    evidence: list[tuple[int, float, float]] = []
    for event in events:
        if isinstance(event, QualityAssessmentCompleted):
            scores = [event.code_quality_score, event.correctness_score, event.efficiency_score]
            if event.peer_review_score is not None:
                scores.append(event.peer_review_score)
            evidence.append((event.timestamp, 1.0, sum(scores) / len(scores)))
    return _aged_mean(evidence)


def _aged_mean(evidence: Sequence[tuple[int, float, float]]) -> float | None:
    """Mean of (time in ms, weight, value); a weight halves for every 14 days that the newest is younger."""
    if not evidence:
        return None
    newest = max(time for time, _, _ in evidence)
    weights = [weight * 0.5 ** ((newest - time) / 1000 / 86_400 / 14) for time, weight, _ in evidence]
    weighted = sum(weight * value for weight, (_, _, value) in zip(weights, evidence, strict=True))
    return weighted / sum(weights)


def _consistency(events: Sequence[Event], zone: str, as_of: date) -> float | None:
    active = {local_date(event, zone) for event in events if event.activity}
    told = 0
    for event in events:
        if isinstance(event, ConsistencyActivityRecorded):
            active.update(event.activity_dates)
            told = max(told, event.max_streak or 0)
    if not active:
        return None
    last = max(active)
    kept = sorted(day for day in active if (last - day).days < 90)
    longest = run = 0
    before: date | None = None
    for day in kept:
        run = run + 1 if before == day - timedelta(days=1) else 1
        longest = max(longest, run)
        before = day
    return run / max(longest, told) * 0.9 ** (as_of - last).days
