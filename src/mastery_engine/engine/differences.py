"""Comparing two states of a learner, field by field."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.evidence import DecayedMean, Evidence
from mastery_engine.domain.learner import LearnerState

RELATIVE_TOLERANCE: Final = 1e-9


def differences(live: LearnerState, rebuilt: LearnerState) -> Iterable[str]:
    """What differs, field by field: counts, days and bitmaps exactly, decayed sums by 1e-9 relative."""
    yield from _unequal("newest event", live.newest, rebuilt.newest)
    yield from _unequal("first kept day", live.kept_from, rebuilt.kept_from)
    for course_id in sorted(live.courses.keys() | rebuilt.courses.keys()):
        mine, theirs = live.courses.get(course_id), rebuilt.courses.get(course_id)
        where = f"course {course_id!r}"
        if mine is None or theirs is None:
            yield f"{where}: {'not live' if mine is None else 'not in the archive'}"
            continue
        yield from _evidence_differences(f"{where}, all", mine.now, theirs.now)
        yield from _evidence_differences(f"{where}, before the kept days", mine.base, theirs.base)
        live_days, rebuilt_days = dict(mine.days.items()), dict(theirs.days.items())
        for day in sorted(live_days.keys() | rebuilt_days.keys()):
            ours, other = live_days.get(day, Evidence()), rebuilt_days.get(day, Evidence())
            yield from _evidence_differences(f"{where}, {date_of(day)}", ours, other)


def _evidence_differences(where: str, live: Evidence, rebuilt: Evidence) -> Iterable[str]:
    yield from _unequal(f"{where}: events", live.events, rebuilt.events)
    yield from _unequal(f"{where}: completion", live.completion, rebuilt.completion)
    yield from _unequal(f"{where}: last active day", live.active_until, rebuilt.active_until)
    yield from _unequal(f"{where}: active days", live.active_days, rebuilt.active_days)
    yield from _unequal(f"{where}: longest streak told", live.max_streak, rebuilt.max_streak)
    yield from _mean_differences(f"{where}: quiz", live.quiz, rebuilt.quiz)
    yield from _mean_differences(f"{where}: quality", live.quality, rebuilt.quality)


def _mean_differences(where: str, live: DecayedMean | None, rebuilt: DecayedMean | None) -> Iterable[str]:
    if live is None or rebuilt is None:
        if live is not rebuilt:
            yield f"{where}: {'not live' if live is None else 'not in the archive'}"
        return
    yield from _unequal(f"{where} reference time", live.reference, rebuilt.reference)
    for name, mine, theirs in (
        ("sum", live.weighted, rebuilt.weighted),
        ("weight", live.weight, rebuilt.weight),
    ):
        if not math.isclose(mine, theirs, rel_tol=RELATIVE_TOLERANCE):
            yield f"{where} {name}: {mine} live, {theirs} rebuilt"


def _unequal(where: str, live: object, rebuilt: object) -> Iterable[str]:
    if live != rebuilt:
        yield f"{where}: {live} live, {rebuilt} rebuilt"
