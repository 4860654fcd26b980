"""Evidence as small MessagePack values.

Evidence packs into a list whose trailing empty fields are cut off:
`[events, active, completion, quiz, quality, max_streak]`, times counted from a first day (the evidence's own day, or 1970).
A day on which the student was active and nothing else packs into its number of events.
"""

from __future__ import annotations

from typing import Any, Final

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.evidence import Completion, DecayedMean, Evidence

_MULTIPLIERS: Final = (0.8, 1.0, 1.2)
_OWN_DAY_ONLY: Final = 1


def pack_day(day: int, evidence: object) -> Any:
    """Pack the evidence of a day; what is packed already passes through."""
    if type(evidence) is not Evidence:
        return evidence
    return _pack(evidence, day)


def unpack_day(day: int, packed: Any) -> Evidence:
    """Evidence of a day, from `pack_day`."""
    return _unpack(packed, day)


def pack_evidence(evidence: Evidence) -> Any:
    """Pack evidence of any number of days."""
    return _pack(evidence, 0)


def unpack_evidence(packed: Any) -> Evidence:
    """Evidence from `pack_evidence`."""
    return _unpack(packed, 0)


def _pack(evidence: Evidence, day: int) -> Any:
    days = evidence.active_days
    active: Any = 0
    if days == 1 and evidence.active_until == day:
        active = _OWN_DAY_ONLY
        if evidence.completion is evidence.quiz is evidence.quality is None and not evidence.max_streak:
            return evidence.events
    elif days:
        active = [evidence.active_until - day, days.to_bytes((days.bit_length() + 7) // 8, "little")]
    first = day * DAY_MS
    report = evidence.completion
    fields: list[Any] = [
        evidence.events,
        active,
        None
        if report is None
        else [
            report.timestamp - first,
            report.event_id,
            report.completed,
            report.total,
            _MULTIPLIERS.index(report.multiplier),
        ],
        _pack_mean(evidence.quiz, first),
        _pack_mean(evidence.quality, first),
        evidence.max_streak or None,
    ]
    while fields[-1] is None:
        fields.pop()
    return fields


def _pack_mean(mean: DecayedMean | None, first: int) -> Any:
    if mean is None:
        return None
    return [_shortest(mean.weighted), _shortest(mean.weight), mean.reference - first]


def _shortest(number: float) -> float | int:
    """An integer where that is the same number: it packs shorter."""
    return int(number) if number.is_integer() else number


def _unpack(packed: Any, day: int) -> Evidence:
    evidence = Evidence()
    if type(packed) is int:
        evidence.events = packed
        evidence.active_until = day
        evidence.active_days = 1
        return evidence
    fields = packed + [None] * (6 - len(packed))
    evidence.events, active, report, quiz, quality, max_streak = fields
    first = day * DAY_MS
    if active == _OWN_DAY_ONLY:
        evidence.active_until, evidence.active_days = day, 1
    elif active:
        evidence.active_until = day + active[0]
        evidence.active_days = int.from_bytes(active[1], "little")
    if report is not None:
        time, event_id, completed, total, difficulty = report
        evidence.completion = Completion(time + first, event_id, completed, total, _MULTIPLIERS[difficulty])
    evidence.quiz = _unpack_mean(quiz, first)
    evidence.quality = _unpack_mean(quality, first)
    evidence.max_streak = max_streak or 0
    return evidence


def _unpack_mean(packed: Any, first: int) -> DecayedMean | None:
    if packed is None:
        return None
    return DecayedMean(float(packed[0]), float(packed[1]), packed[2] + first)
