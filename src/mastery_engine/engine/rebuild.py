"""Rebuilding one learner from the archive, and comparing the rebuilt state with the live one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

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
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS, Calendar
from mastery_engine.domain.errors import TooManyCourses
from mastery_engine.domain.evidence import is_evidence
from mastery_engine.domain.learner import Course, LearnerState
from mastery_engine.engine.committed import Committed
from mastery_engine.engine.differences import differences
from mastery_engine.engine.held import Held
from mastery_engine.ports import ArchivedEvent


class Rebuilt(Struct, kw_only=True):
    """A learner's document made anew.

    Attributes:
        document: The rebuilt document; outcomes, given-up events and, but for what it missed, offsets are the live
            document's.
        events: How many archived events were folded.
        waiting: Ids of archived events that wait among the dead letters, which were left out.
        pending: Ids of archived events that the live document has yet to fold, which were left out: their records come.
        missed: Ids of archived events that the live document has not folded and never will, since their offsets are
            committed: it is older than the log. They are in the rebuilt document.
        refused: Ids of events that whoever folds refused, since the student had reached the limit of courses; an archive
            has none of these, a log may. They were left out.
        failed: Archived events that no fold survives, with the reason; a state without them is never switched to.
        unarchived: Ids of the live document's outcomes that the archive has not got (yet, or no more).
        lost: Ids of events that the live document has and no archive, since a deleted topic took them; a state without
            them is never switched to.
        differences: What the live state has otherwise, in words; empty where both agree.
        is_ahead: Whether the live document is done with records that the events to rebuild from do not hold (yet).
        made_anew: Whether there was no live document that could be read.
    """

    document: Document
    events: int
    waiting: list[str]
    pending: list[str]
    missed: list[str]
    refused: list[str]
    failed: dict[str, str]
    unarchived: list[bytes]
    lost: list[str]
    differences: list[str]
    is_ahead: bool
    made_anew: bool


def rebuild(
    tenant: Tenant,
    live_value: bytes | None,
    archived: Sequence[ArchivedEvent],
    now_ms: int,
    committed: Committed,
) -> Rebuilt:
    """Fold a learner's archived events into a new document. Time is not judged again.

    The days that the archive holds whole are rebuilt; older days and `base` are taken over from the live document.

    Args:
        tenant: The learner's tenant.
        live_value: The live document, None if there is none.
        archived: The learner's events from the archive, in any order.
        now_ms: Moment by which the archive's oldest day is told.
        committed: How far the log is done with, read before the live document.
    """
    failed: dict[str, str] = {}
    damage: list[str] = []
    while True:
        try:
            live = None if live_value is None else decode_document(live_value)
            if live is not None:
                check_results(live)
            rebuilt = _rebuild(tenant, live, archived, now_ms, committed, failed)
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
    committed: Committed,
    failed: dict[str, str],
) -> Rebuilt:
    calendar = Calendar(tenant.time_zone)
    first = _first_rebuilt_day(tenant, calendar, live, now_ms, committed.held)
    rebuilt = Rebuilt(
        document=Document(),
        events=0,
        waiting=[],
        pending=[],
        missed=[],
        refused=[],
        failed=failed,
        unarchived=[],
        lost=[],
        differences=[],
        is_ahead=live is not None and committed.held is not None and committed.held.lacks(live),
        made_anew=live is None,
    )
    state = rebuilt.document.state
    if live is not None:
        _take_over_older(live.state, state, first)
    # As they came, so that the same events meet a limit.
    for one in sorted(archived, key=attrgetter("topic_id", "partition", "offset")):
        if _is_to_fold(rebuilt, live, one, committed) and one.event_id not in failed:
            # What the live document missed is in none of the days that are taken over from it.
            since = 0 if one.event_id in rebuilt.missed[-1:] else first
            if _fold(state, one, tenant, calendar, since):
                rebuilt.events += 1
            else:
                rebuilt.refused.append(one.event_id)
    if live is not None:
        _compare(rebuilt, live, archived, first)
    return rebuilt


def _is_to_fold(rebuilt: Rebuilt, live: Document | None, one: ArchivedEvent, committed: Committed) -> bool:
    """Whether an event is in the rebuilt document, which is then done with it; what is left out is noted."""
    if live is not None:
        if any(letter.event_id == one.event_id for letter in live.given_up):
            rebuilt.waiting.append(one.event_id)
            return False
        if one.offset <= live.folded(one.topic_id, one.partition):
            return True
        if committed.is_to_come(one):
            rebuilt.pending.append(one.event_id)
            return False
        if one.topic_id in live.offsets:
            rebuilt.missed.append(one.event_id)
    rebuilt.document.advance(one.topic_id, one.partition, one.offset)
    return True


def _compare(rebuilt: Rebuilt, live: Document, archived: Sequence[ArchivedEvent], first: int) -> None:
    """Take over what is no evidence, and tell what differs."""
    document, state = rebuilt.document, rebuilt.document.state
    if state.courses and state.newest < 0:
        state.newest, state.newest_day = live.state.newest, live.state.newest_day
    for topic_id, of_topic in live.offsets.items():
        for partition, offset in of_topic.items():
            document.advance(topic_id, partition, offset)
    document.outcomes, document.given_up = live.outcomes, live.given_up
    document.published = live.published
    document.refused_until = live.refused_until
    held = {bytes.fromhex(one.event_id.replace("-", "")) for one in archived}
    rebuilt.unarchived = [one.event_id for one in live.outcomes if one.event_id not in held]
    noted = live.unarchived.items()
    document.unarchived = {one: day for one, day in noted if day >= first and one not in held}
    rebuilt.lost = list(map(uuid_text, document.unarchived))
    rebuilt.differences += [f"event {one} was deleted before it was archived" for one in rebuilt.lost]
    rebuilt.differences += [f"event {one} is committed and not live" for one in rebuilt.missed]
    rebuilt.differences += differences(live.state, state)


def _fold(state: LearnerState, one: ArchivedEvent, tenant: Tenant, calendar: Calendar, first: int) -> bool:
    """Fold an event if its day is rebuilt; returns False if a limit refuses it, as it did before."""
    try:
        event = decode_event(one.value)
        day = calendar.day(event.timestamp)
        if is_evidence(event) and day >= first:
            state.fold(event, day, tenant.retention_days)
    except TooManyCourses:
        return False
    except Exception as error:
        raise _Poison(one.event_id, f"{type(error).__name__}: {error}") from error
    return True


def _first_rebuilt_day(
    tenant: Tenant, calendar: Calendar, live: Document | None, now_ms: int, held: Held | None
) -> int:
    """First day of the tenant that the archive, which is cut by days of UTC, holds whole, and the log too."""
    if live is None or live.state.newest_day < 0:
        return 0
    first = live.state.kept_from
    if tenant.retention_days is not None:
        oldest = now_ms // DAY_MS - tenant.retention_days + 1
        first = max(first, calendar.day(max(0, oldest * DAY_MS - 1)) + 1)
    since_ms = 0 if held is None else held.whole_since(live)
    return max(first, calendar.day(since_ms) + 1) if since_ms else first


def _take_over_older(live: LearnerState, state: LearnerState, first: int) -> None:
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
