"""Which events were folded before, by the `processed:` records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import Entry, StateStore


@final
class KnownEvents:
    """Knows which events were folded before."""

    def __init__(self, store: StateStore, pseudonyms: keys.Pseudonyms) -> None:
        """Read `processed:` records; nothing is read yet."""
        self._store = store
        self._pseudonyms = pseudonyms

    async def look_up(self, events: Sequence[LearningEvent]) -> list[InvalidInput | Literal[True] | None]:
        """True for an event that was folded, None for one that was not, a refusal of an id used otherwise."""
        wanted = [
            keys.processed(event.tenant_id, bytes.fromhex(event.event_id.replace("-", "")))
            for event in events
        ]
        entries = await self._store.get_many(wanted)
        return [
            None if entry is None else self._same(event, entry)
            for event, entry in zip(events, entries, strict=True)
        ]

    def _same(self, event: LearningEvent, entry: Entry) -> InvalidInput | Literal[True] | None:
        record = read_processed(bytes.fromhex(event.event_id.replace("-", "")), entry.value)
        if record is None:
            # Damaged: nobody can tell here either, and whoever folds makes a dead letter of the event.
            return None
        if record.student != self._pseudonyms.digest(event.tenant_id, event.student_id):
            return _reused(event, "another student")
        if record.outcome.digest != identity_of(event)[1]:
            return _reused(event, "another content")
        return True


def _reused(event: LearningEvent, how: str) -> InvalidInput:
    rule = f"has counted already with {how}; an event has an id of its own"
    return InvalidInput.of(Problem("event_id", event.event_id, rule), reason="event_id_reused")
