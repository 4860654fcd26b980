"""Sweeping the stores of record and the embedded log."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.traces import Person, Traces
from mastery_engine.domain.cohort import Cohort
from mastery_engine.engine.erasure.parts import ErasurePorts, Found, Topic
from mastery_engine.ports import DeadLetter, Record

_PAGE: Final = 200


@final
class RecordSweep:
    """Dead letters, rosters and records of topics that mention some students."""

    def __init__(self, ports: ErasurePorts) -> None:
        """Sweep what the ports are on."""
        self._ports = ports

    async def letters(self, traces: Traces, *, remove: bool) -> Found:
        """Dead letters, whatever tenant they are noted under."""
        found: Found = Counter()
        after: str | None = None
        while page := await self._ports.dead_letters.find(after=after, limit=_PAGE):
            after = page[-1].letter_id
            gone: list[str] = []
            for letter in page:
                people = mentioned_in(letter, traces)
                found.update((person, "dead letters") for person in people)
                gone += [letter.letter_id] if people else []
            if gone and remove:
                await self._ports.dead_letters.remove(gone)
        return found

    async def rosters(self, traces: Traces, *, remove: bool) -> Found:
        """Memberships as a student; who teaches under the same id stays."""
        found: Found = Counter()
        for tenant_id in sorted({tenant_id for tenant_id, _ in traces.people}):
            async for cohort in self.cohorts(tenant_id):
                kept = tuple(
                    one for one in cohort.students if (tenant_id, one.person_id) not in traces.people
                )
                if len(kept) == len(cohort.students):
                    continue
                if remove:
                    # Whoever changed the class meanwhile keeps that; the next sweep, or the look, finds who is still in it.
                    without = replace(cohort, students=kept)
                    if not await self._ports.rosters.replace(tenant_id, cohort.cohort_id, cohort, without):
                        continue
                gone = {one.person_id for one in cohort.students} - {one.person_id for one in kept}
                found.update(((tenant_id, student_id), "rosters") for student_id in gone)
        return found

    async def cohorts(self, tenant_id: str) -> AsyncIterator[Cohort]:
        """All classes of a tenant."""
        after = ""
        while page := await self._ports.rosters.list(tenant_id, after=after, limit=_PAGE):
            for cohort in page:
                yield cohort
            after = page[-1].cohort_id

    async def topic(
        self, topic: Topic, traces: Traces, *, remove: bool
    ) -> tuple[Found, dict[Person, set[bytes]]]:
        """Records of a topic.

        Returns:
            How many by person, and the ids of their events.
        """
        found: Found = Counter()
        ids: dict[Person, set[bytes]] = {}

        def belongs(record: Record) -> bool:
            people = mentioned_by(record, traces)
            found.update((person, topic.log.topic) for person in people)
            for person in people:
                ids.setdefault(person, set()).update(event_ids(record))
            return bool(people) and remove

        await topic.log.scrub(belongs, topic.blank)
        return found, ids


def mentioned_in(letter: DeadLetter, traces: Traces) -> set[Person]:
    """Those whom a dead letter mentions."""
    people = traces.people.intersection([] if letter.owner is None else [letter.owner])
    texts = (letter.message, letter.note or "")
    values = (letter.payload, letter.original or b"", letter.key, *(value for _, value in letter.headers))
    for value in values:
        people |= traces.of_value(value, letter.tenant_id)
    for text in texts:
        people |= traces.of_text(text, letter.tenant_id)
    return set(people)


def mentioned_by(record: Record, traces: Traces) -> set[Person]:
    """Those whom a record of a topic mentions."""
    named = traces.of_key(record.key.decode("utf-8", "replace"))
    people: set[Person] = set() if named is None else {named}
    if not traces.might(record.value):
        return people
    # An event without a tenant is of the tenant `default`, whatever its key; of a broken one nobody can tell.
    return people | traces.of_value(record.value, identity(record.value)[0])


def event_ids(record: Record) -> set[bytes]:
    """The id of the event in a record, where it tells one."""
    from mastery_engine.contracts.event_json import identity  # noqa: PLC0415 - heavy, and asked for rarely

    event_id = identity(record.value)[2]
    try:
        raw = b"" if event_id is None else bytes.fromhex(event_id.replace("-", ""))
    except ValueError:
        return set()
    return {raw} if len(raw) == 16 else set()  # noqa: PLR2004 - a UUID
