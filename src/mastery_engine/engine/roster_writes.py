"""Rosters as they are written: who is erased comes back with none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.cohort import Cohort
from mastery_engine.ports import ErasureLedger, Rosters

_TOGETHER: Final = 1_000


@final
class RosterWrites:
    """Puts classes into the rosters, without those who are erased."""

    def __init__(self, rosters: Rosters, erasures: ErasureLedger, pseudonyms: Pseudonyms) -> None:
        """Put the parts together.

        Args:
            rosters: Where the classes are.
            erasures: Who is erased, and comes back with no roster.
            pseudonyms: By which the ledger knows students.
        """
        self._rosters = rosters
        self._erasures = erasures
        self._pseudonyms = pseudonyms

    async def unerased(self, tenant_id: str, cohorts: Iterable[Cohort]) -> list[Cohort]:
        """The classes, without those of their students who are erased.

        Raises:
            DependencyDown: The ledger does not answer.
        """
        told = list(cohorts)
        people = dict.fromkeys(one.person_id for cohort in told for one in cohort.students)
        erased: set[str] = set()
        names = list(people)
        for first in range(0, len(names), _TOGETHER):
            some = names[first : first + _TOGETHER]
            hashes = {self._pseudonyms.of(tenant_id, person): person for person in some}
            found = await self._erasures.find(tenant_id, sorted(hashes))
            erased |= {hashes[student] for student, one in found.items() if one.state != "lifted"}
        return [_without(cohort, erased) for cohort in told] if erased else told

    async def replace(
        self, tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort
    ) -> Cohort | None:
        """Put a class in the place of what it was.

        Returns:
            The class as it is then; None if it was no longer as it was thought to be, and nothing is changed.

        Raises:
            DependencyDown: The rosters or the ledger do not answer.
        """
        (kept,) = await self.unerased(tenant_id, [after])
        if not await self._rosters.replace(tenant_id, cohort_id, before, kept):
            return None
        # Who was erased between the two may have been swept before: looked at again, nobody is brought back.
        while (now := (await self.unerased(tenant_id, [kept]))[0]) != kept:
            if not await self._rosters.replace(tenant_id, cohort_id, kept, now):
                break
            kept = now
        return kept


def _without(cohort: Cohort, people: set[str]) -> Cohort:
    kept = tuple(one for one in cohort.students if one.person_id not in people)
    return cohort if len(kept) == len(cohort.students) else replace(cohort, students=kept)
