"""Everything that a sweep removes, in the order that lets an interrupted one be done again, and the look for what is left.

1. What others keep, jobs above all: while it still is whole, all that belongs to it is found.
2. State: keys that name the student; values of others that mention one; `processed:` records, by the ids of the archive.
3. The shared cache, and records of the embedded log.
4. Dead letters and rosters.
5. The archive last: it has the ids by which the rest is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.traces import Person, Traces
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.erasure.parts import Case, ErasurePorts, Found, Topic
from mastery_engine.engine.erasure.sweep_records import RecordSweep, event_ids, mentioned_by
from mastery_engine.engine.erasure.sweep_state import StateSweep
from mastery_engine.ports import Leftover, Record

_DAYS_AROUND: Final = (-1, 0, 1)
"""Days of results are cut in the tenant's time zone, those of the archive in UTC."""


class Look(Struct):
    """What a look for leftovers has found.

    Attributes:
        left: What still mentions a student, and is to go.
        stays: By person and place, where words of others mention one, or what is on record for good.
        late: By person and topic of the embedded log, records that came after the erasure was asked for: whoever folds drops
            them, and they go with the topic's retention.
        whole: Whether every key of the state store could be looked at.
    """

    left: list[Leftover]
    stays: Found
    late: Found
    whole: bool


@final
class Sweep:
    """Removes, and looks."""

    def __init__(self, ports: ErasurePorts) -> None:
        """Sweep what the ports are on."""
        self._ports = ports
        self.state: Final = StateSweep(ports.store, ports.pseudonyms)
        self.records: Final = RecordSweep(ports)

    async def remove(self, cases: Sequence[Case]) -> None:
        """Remove all that there is of the students, and count it in the cases."""
        ports = self._ports
        traces = Traces(case.person for case in cases)
        found: Found = Counter()
        for scrubber in ports.scrubbers:
            for person, number in (await scrubber.scrub(traces)).items():
                found[person, scrubber.name] += number
        ids = {case.person: await self._remove_named(case, found) for case in cases}
        swept, _ = await self.state.go(traces, remove=True)
        found += swept
        if ports.cache is not None:
            await ports.cache.remove_many([cached_of(case.person) for case in cases])
        for topic in ports.topics:
            swept, of_topic = await self.records.topic(topic, traces, remove=True)
            found += swept
            for person, some in of_topic.items():
                ids[person] |= some
        found += await self.records.letters(traces, remove=True)
        found += await self.records.rosters(traces, remove=True)
        for person, some in ids.items():
            found[person, "processed"] += await self.state.processed(person, some)
            found[person, "archive"] += await ports.archive.remove_student(*person)
        for case in cases:
            for (person, kind), number in found.items():
                if person == case.person and number:
                    case.found[kind] += number

    async def _remove_named(self, case: Case, found: Found) -> set[bytes]:
        """Remove the keys whose names follow from the student's events; returns the events' ids."""
        events = await self._ports.archive.of_student(*case.person)
        first, last = (int(case.request.progress.get(name, 0)) for name in ("first_day", "last_day"))
        days = set(range(first, last + 1)) if last else set[int]()
        days |= {event.day + around for event in events for around in _DAYS_AROUND}
        found[case.person, "keys"] += await self.state.named(case.person, days, remove=True)
        return {bytes.fromhex(event.event_id.replace("-", "")) for event in events}

    async def look(self, cases: Sequence[Case]) -> Look:
        """Look everywhere for what is left.

        Raises:
            DependencyDown: A store does not answer.
        """
        ports = self._ports
        people = [case.person for case in cases]
        traces = Traces(people, await self._elsewhere(people))
        found, whole = await self.state.go(traces, remove=False)
        documents = await ports.store.get_many([keys.document(*person) for person in people])
        found.update(
            (person, "documents")
            for person, entry in zip(people, documents, strict=True)
            if entry is not None
        )
        if ports.cache is not None:
            copies = await ports.cache.get_many([cached_of(person) for person in people])
            found.update(
                (person, "shared cache")
                for person, copy in zip(people, copies, strict=True)
                if copy.value is not None
            )
        found += await self.records.letters(traces, remove=False)
        found += await self.records.rosters(traces, remove=False)
        for person in people:
            found[person, "archive"] += len(await ports.archive.of_student(*person))
        late: Found = Counter()
        asked = {case.person: case.request.asked_ms for case in cases}
        for topic in ports.topics:
            await self._topic(topic, traces, asked, found, late)
        left = [Leftover(*person, kind, number) for (person, kind), number in found.items() if number]
        if ports.raw:
            # Nobody reads what has expired, and it may lie there still.
            await ports.store.purge()
        for raw in ports.raw:
            left += await raw.leftovers(traces)
        known = {person for person, _ in late}
        # In the bytes of the log nobody can tell those records from others.
        left = [
            one
            for one in left
            if not one.place.startswith("log.db") or (one.tenant_id, one.student_id) not in known
        ]
        stays: Found = Counter()
        for one in left:
            if one.stays:
                stays[(one.tenant_id, one.student_id), one.place] += one.number
        return Look([one for one in left if not one.stays], stays, late, whole)

    async def _topic(
        self, topic: Topic, traces: Traces, asked: dict[Person, int], found: Found, late: Found
    ) -> None:
        def belongs(record: Record) -> bool:
            for person in mentioned_by(record, traces):
                into = late if record.appended_ms > asked[person] else found
                into[person, topic.log.topic] += 1
            return False

        await topic.log.scrub(belongs, topic.blank)

    async def _elsewhere(self, people: Sequence[Person]) -> set[str]:
        """Ids that another tenant's student has too."""
        tenants = [tenant.tenant_id for tenant in await self._ports.tenants.list()]
        found: set[str] = set()
        for tenant_id, student_id in people:
            others = [other for other in tenants if other != tenant_id]
            entries = await self._ports.store.get_many([keys.document(other, student_id) for other in others])
            if any(entries) or student_id in {one for tenant, one in people if tenant != tenant_id}:
                found.add(student_id)
                continue
            for other in others:
                if await self._ports.archive.of_student(other, student_id):
                    found.add(student_id)
                    break
        return found


def cached_of(person: Person) -> str:
    """Key of the shared copy of a student's document."""
    return keys.cached(keys.document(*person))


def gone_by(kept_ms: int, now_ms: int) -> int:
    """When the last of what is there now will have gone, in whole days."""
    return -(-(now_ms + kept_ms) // DAY_MS) * DAY_MS


def told(found: Counter[str]) -> dict[str, Any]:
    """Counts as the report tells them."""
    return {kind: number for kind, number in sorted(found.items()) if number}


__all__ = ["Look", "Sweep", "cached_of", "event_ids", "gone_by", "told"]
