"""Sweeping the state store: keys that name a student, values that mention one, `processed:` records with the hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.keys import DEFAULT_TENANT, Pseudonyms, tenant_prefix
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.stored_keys import event_of
from mastery_engine.contracts.traces import Person, Traces, tenant_of
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.domain.scores import COMPONENTS
from mastery_engine.engine.erasure.parts import Found
from mastery_engine.ports import Entry, StateStore, Write

UNOWNED: Final = ("stream-ticket:",)
"""Keys that belong to no tenant by their names, and may mention students in their values."""
OF_DEFAULT: Final = ("student:", "processed:", "replay:", "cache:", "job:", "jobs:", "batch:", "idempotency:")
"""What the keys of the tenant `default` start with; those of others start with their tenant."""
_LISTS_OF_JOBS: Final = ("jobs:open", "jobs:kept")
_LONGEST_FORECAST_DAYS: Final = 90
_A_TIME: Final = 500


@final
class StateSweep:
    """Goes through the keys of some students' tenants, and through those that are nobody's."""

    def __init__(self, store: StateStore, pseudonyms: Pseudonyms) -> None:
        """Sweep a store."""
        self._store = store
        self._pseudonyms = pseudonyms

    async def go(self, traces: Traces, *, remove: bool) -> tuple[Found, bool]:
        """Find what mentions the students, their documents' tombstones left out.

        Args:
            traces: Of the students.
            remove: Whether to remove what is found.

        Returns:
            How many keys by person and kind; and whether all keys could be looked at, as a store that does not list its keys
            does not let anybody.
        """
        found: Found = Counter()
        digests = {self._pseudonyms.digest(*person): person for person in traces.people}
        try:
            for prefix in self._prefixes(traces.people):
                async for names in self._store.scan(prefix):
                    for first in range(0, len(names), _A_TIME):
                        some = list(dict.fromkeys(names[first : first + _A_TIME]))
                        found += await self._look(some, traces, digests, remove=remove)
        except ConfigurationError:
            return found, False
        return found, True

    async def named(self, person: Person, days: Iterable[int], *, remove: bool) -> int:
        """The same for the keys that a student can have, by their names; for a store that does not list them.

        Args:
            person: Whose.
            days: Days on which there may be results.
            remove: Whether to remove them.
        """
        names = [keys.recent_activity(*person), f"{keys.learner(*person)}:path:adaptive"]
        names += [f"{keys.learner(*person)}:prediction:{n}" for n in range(1, _LONGEST_FORECAST_DAYS + 1)]
        for day in sorted(set(days)):
            whole = keys.day_result(*person, date_of(day).isoformat())
            names += [whole, *(f"{whole}:{component}" for component in COMPONENTS)]
        return await self.take(names, remove=remove)

    async def take(self, names: Sequence[str], *, remove: bool) -> int:
        """Those of the keys that are there, removed if that is wanted; returns how many."""
        there = 0
        for first in range(0, len(names), _A_TIME):
            some = names[first : first + _A_TIME]
            entries = await self._store.get_many(some)
            gone = [Write(key, None) for key, entry in zip(some, entries, strict=True) if entry is not None]
            if gone and remove:
                await self._store.write_many(gone)
            there += len(gone)
        return there

    async def processed(self, person: Person, event_ids: Iterable[bytes]) -> int:
        """Remove the `processed:` records of these events that name the student; returns how many."""
        digest, gone = self._pseudonyms.digest(*person), 0
        ids = sorted(set(event_ids))
        for first in range(0, len(ids), _A_TIME):
            some = ids[first : first + _A_TIME]
            names = [keys.processed(person[0], one) for one in some]
            entries = await self._store.get_many(names)
            mine = [
                name
                for name, one, entry in zip(names, some, entries, strict=True)
                if entry is not None and _is_of(digest, one, entry)
            ]
            if mine:
                await self._store.write_many([Write(name, None) for name in mine])
            gone += len(mine)
        return gone

    async def _look(
        self, names: list[str], traces: Traces, digests: Mapping[bytes, Person], *, remove: bool
    ) -> Found:
        found: Found = Counter()
        gone: list[str] = []
        entries = await self._store.get_many(names)
        for key, entry in zip(names, entries, strict=True):
            if entry is None or entry.value == TOMBSTONE:
                continue
            mentioned = _mentioned(key, entry, traces, digests)
            for person, kind in mentioned:
                found[person, kind] += 1
            if mentioned:
                gone.append(key)
        if gone and remove:
            await self._store.write_many([Write(key, None) for key in gone])
        return found

    @staticmethod
    def _prefixes(people: Iterable[Person]) -> list[str]:
        found: list[str] = [*UNOWNED]
        for tenant_id in sorted({tenant_id for tenant_id, _ in people}):
            found += [*OF_DEFAULT] if tenant_id == DEFAULT_TENANT else [tenant_prefix(tenant_id)]
        return found


def _mentioned(
    key: str, entry: Entry, traces: Traces, digests: Mapping[bytes, Person]
) -> set[tuple[Person, str]]:
    named = traces.of_key(key)
    if named is not None:
        return {(named, "replayed documents" if ":student:" in key and "replay:" in key else "keys")}
    event = event_of(key)
    if event is not None:
        record = read_processed(event[1], entry.value)
        person = None if record is None else digests.get(record.student)
        return set() if person is None else {(person, "processed")}
    if "student:" in key or key.endswith(_LISTS_OF_JOBS):
        # Another one's: what it holds is that one's. Lists of jobs hold hashes.
        return set()
    tenant = None if key.startswith(UNOWNED) else tenant_of(key)
    return {(person, "values") for person in traces.of_value(entry.value, tenant)}


def _is_of(digest: bytes, event_id: bytes, entry: Entry) -> bool:
    record = read_processed(event_id, entry.value)
    # One that is damaged names nobody, and the archive says whose event it was.
    return record is None or record.student == digest
