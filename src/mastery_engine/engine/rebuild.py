"""Rebuilding one learner from the archive, and comparing the rebuilt state with the live one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from mastery_engine.contracts.document import (
    UNREADABLE,
    DamagedDocument,
    Document,
    check_results,
    damaged,
    decode_document,
)
from mastery_engine.contracts.event_json import decode_event
from mastery_engine.contracts.keys import uuid_text
from mastery_engine.contracts.outcome import (
    Outcome,
    Published,
    component_places,
    from_micros,
    level_place,
    micros,
    to_micros,
)
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS, Calendar, date_of
from mastery_engine.domain.evidence import DecayedMean, Evidence, is_evidence
from mastery_engine.domain.learner import Course, LearnerState
from mastery_engine.domain.scores import Formula
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import ArchivedEvent

RELATIVE_TOLERANCE: Final = 1e-9


class Rebuilt(Struct, kw_only=True):
    """A learner's document made anew.

    Attributes:
        document: The rebuilt document; offsets, outcomes and given-up events are the live document's.
        events: How many archived events were folded.
        waiting: Ids of archived events that wait among the dead letters, which were left out.
        pending: Ids of archived events that the live document has yet to fold, which were left out.
        failed: Archived events that no fold survives, with the reason; a state without them is never switched to.
        unarchived: Ids of the live document's outcomes that the archive has not got (yet, or no more).
        lost: Ids of events that the live document has and no archive, since a deleted topic took them; a state without
            them is never switched to.
        differences: What the live state has otherwise, in words; empty where both agree.
        made_anew: Whether there was no live document that could be read.
    """

    document: Document
    events: int
    waiting: list[str]
    pending: list[str]
    failed: dict[str, str]
    unarchived: list[bytes]
    lost: list[str]
    differences: list[str]
    made_anew: bool


def rebuild(
    tenant: Tenant, live_value: bytes | None, archived: Sequence[ArchivedEvent], now_ms: int
) -> Rebuilt:
    """Fold a learner's archived events into a new document. Time is not judged again.

    The days that the archive holds are rebuilt; older days and `base` are taken over from the live document.

    Args:
        tenant: The learner's tenant.
        live_value: The live document, None if there is none.
        archived: The learner's events from the archive.
        now_ms: Moment by which the archive's oldest day is told.
    """
    failed: dict[str, str] = {}
    damage: list[str] = []
    while True:
        try:
            live = None if live_value is None else decode_document(live_value)
            if live is not None:
                check_results(live)
            rebuilt = _rebuild(tenant, live, archived, now_ms, failed)
        except _Poison as poison:
            # From the start again without it: what it left half done is in the state that is thrown away.
            failed[poison.event_id] = poison.reason
        except (DamagedDocument, *UNREADABLE) as error:
            # Some parts of the live document are opened only as they are compared.
            if live_value is None:
                raise
            live_value = None
            damage.append((error if isinstance(error, DamagedDocument) else damaged(error)).message)
        else:
            rebuilt.differences += damage
            rebuilt.differences += [f"event {one} cannot be folded: {why}" for one, why in failed.items()]
            return rebuilt


class _Poison(Exception):
    """Folding an event fails."""

    def __init__(self, event_id: str, reason: str) -> None:
        super().__init__(event_id)
        self.event_id = event_id
        self.reason = reason


def _rebuild(
    tenant: Tenant,
    live: Document | None,
    archived: Sequence[ArchivedEvent],
    now_ms: int,
    failed: dict[str, str],
) -> Rebuilt:
    calendar = Calendar(tenant.time_zone)
    first = _first_rebuilt_day(tenant, calendar, live, now_ms)
    rebuilt = Rebuilt(
        document=Document(),
        events=0,
        waiting=[],
        pending=[],
        failed=failed,
        unarchived=[],
        lost=[],
        differences=[],
        made_anew=live is None,
    )
    document, state = rebuilt.document, rebuilt.document.state
    if live is not None:
        _take_over(live.state, state, first)
    given_up = {letter.event_id for letter in live.given_up} if live is not None else ()
    for one in archived:
        if live is None:
            document.advance(one.topic_id, one.partition, one.offset)
        if one.event_id in given_up:
            rebuilt.waiting.append(one.event_id)
        elif live is not None and _is_pending(live, one):
            rebuilt.pending.append(one.event_id)
        elif one.event_id not in failed:
            rebuilt.events += 1
            _fold(state, one, tenant, calendar, first)
    if live is not None:
        if state.courses and state.newest < 0:
            state.newest, state.newest_day = live.state.newest, live.state.newest_day
        document.offsets, document.outcomes = live.offsets, live.outcomes
        document.given_up, document.published = live.given_up, live.published
        held = {bytes.fromhex(one.event_id.replace("-", "")) for one in archived}
        rebuilt.unarchived = [o.event_id for o in live.outcomes if o.event_id not in held]
        document.unarchived = {
            event_id: day
            for event_id, day in live.unarchived.items()
            if day >= first and event_id not in held
        }
        rebuilt.lost = list(map(uuid_text, document.unarchived))
        rebuilt.differences = [f"event {one} was deleted before it was archived" for one in rebuilt.lost]
        rebuilt.differences += differences(live.state, state)
    return rebuilt


def _fold(state: LearnerState, one: ArchivedEvent, tenant: Tenant, calendar: Calendar, first: int) -> None:
    try:
        event = decode_event(one.value)
        day = calendar.day(event.timestamp)
        if is_evidence(event) and day >= first:
            state.fold(event, day, tenant.retention_days)
    except Exception as error:
        raise _Poison(one.event_id, f"{type(error).__name__}: {error}") from error


def note_published(document: Document, formula: Formula) -> None:
    """Take the rebuilt result for the last one sent, from which the next event tells its difference."""
    if document.state.newest_day >= 0:
        result = document.state.latest_result(formula)
        weak = component_places(formula.weak(from_micros(to_micros(result.components))))
        document.published = Published(micros(result.score), level_place(result.level), weak)


def restored_outcomes(state: LearnerState, lost: Iterable[ArchivedEvent], formula: Formula) -> list[Outcome]:
    """Outcomes for events whose own are lost; their outputs were sent long ago, so all tell the rebuilt result."""
    if state.newest_day < 0:
        return []
    result = state.latest_result(formula)
    score, level, components = micros(result.score), level_place(result.level), to_micros(result.components)
    outcomes: list[Outcome] = []
    for one in lost:
        event_id, digest = identity_of(decode_event(one.value))
        where = (one.partition, one.offset, state.newest, state.newest_day)
        outcomes.append(Outcome(event_id, digest, *where, score, level, components, formula.id))
    return outcomes


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


def _first_rebuilt_day(tenant: Tenant, calendar: Calendar, live: Document | None, now_ms: int) -> int:
    """First day of the tenant that the archive, which is cut by days of UTC, holds whole."""
    if live is None or live.state.newest_day < 0:
        return 0
    if tenant.retention_days is None:
        return live.state.kept_from
    oldest = now_ms // DAY_MS - tenant.retention_days + 1
    return max(live.state.kept_from, calendar.day(max(0, oldest * DAY_MS - 1)) + 1)


def _take_over(live: LearnerState, state: LearnerState, first: int) -> None:
    """Copy what is older than the first rebuilt day."""
    state.kept_from = live.kept_from
    for course_id, course in live.courses.items():
        older = [(day, evidence) for day, evidence in course.days.items() if day < first]
        if not course.base.events and not older:
            continue
        mine = state.courses[course_id] = Course()
        mine.base = course.base.copy()
        mine.now = course.base.copy()
        for day, evidence in older:
            mine.days.add(day, evidence.copy())
            mine.now.merge(evidence)
    if live.newest_day < first:
        state.newest, state.newest_day = live.newest, live.newest_day


def _is_pending(live: Document, one: ArchivedEvent) -> bool:
    return one.topic_id in live.offsets and one.offset > live.folded(one.topic_id, one.partition)


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
