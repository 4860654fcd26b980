"""Dead letters, rosters and tenants in dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import get_args

from mastery_engine.adapters.memory.erasures import MemoryErasureLedger
from mastery_engine.adapters.shared.unerased import owner_hashes, unerased_letters
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.domain.cohort import Cohort
from mastery_engine.ports import DeadLetter, LetterStatus


class MemoryDeadLetters:
    """Dead letters by id."""

    def __init__(
        self, ledger: MemoryErasureLedger | None = None, pseudonyms: Pseudonyms | None = None
    ) -> None:
        """Start empty.

        Args:
            ledger: Of the erasures.
            pseudonyms: By which it knows students; without both it is not asked.
        """
        self._ledger = ledger
        self._pseudonyms = pseudonyms
        self._letters: dict[str, DeadLetter] = {}

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        before = len(self._letters)
        for letter in self._unerased(letters):
            self._letters.setdefault(letter.letter_id, letter)
        return len(self._letters) - before

    def _unerased(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        if self._ledger is None or self._pseudonyms is None:
            return letters
        latest = self._ledger.latest_of_all(owner_hashes(self._pseudonyms, letters))
        return unerased_letters(self._pseudonyms, letters, latest)

    async def get(self, letter_id: str) -> DeadLetter | None:
        return self._letters.get(letter_id)

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        status: LetterStatus | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        found = (
            letter
            for letter_id, letter in sorted(self._letters.items())
            if (after is None or letter_id > after)
            and (tenant_id is None or letter.tenant_id == tenant_id)
            and (status is None or letter.status == status)
        )
        return list(islice(found, limit))

    async def replace(self, letter: DeadLetter, expected: DeadLetter) -> bool:
        if self._letters.get(letter.letter_id) != expected or not self._unerased([letter]):
            return False
        self._letters[letter.letter_id] = letter
        return True

    async def remove(self, letter_ids: Sequence[str]) -> int:
        return sum(self._letters.pop(letter_id, None) is not None for letter_id in letter_ids)

    async def counts(self) -> dict[LetterStatus, int]:
        counts: dict[LetterStatus, int] = dict.fromkeys(get_args(LetterStatus), 0)
        for letter in self._letters.values():
            counts[letter.status] += 1
        return counts

    async def close(self) -> None:
        return


class MemoryRosters:
    """Cohorts by tenant and id."""

    def __init__(self) -> None:
        """Start empty."""
        self._cohorts: dict[str, dict[str, Cohort]] = {}

    async def put(self, tenant_id: str, cohorts: Sequence[Cohort]) -> None:
        self._cohorts.setdefault(tenant_id, {}).update({cohort.cohort_id: cohort for cohort in cohorts})

    async def get(self, tenant_id: str, cohort_id: str) -> Cohort | None:
        return self._cohorts.get(tenant_id, {}).get(cohort_id)

    async def replace(
        self, tenant_id: str, cohort_id: str, before: Cohort | None, after: Cohort | None
    ) -> bool:
        cohorts = self._cohorts.setdefault(tenant_id, {})
        if cohorts.get(cohort_id) != before:
            return False
        if after is None:
            cohorts.pop(cohort_id, None)
        else:
            cohorts[cohort_id] = after
        return True

    async def list(
        self, tenant_id: str, *, after: str = "", limit: int = 100, teacher_id: str | None = None
    ) -> list[Cohort]:
        cohorts = sorted(self._cohorts.get(tenant_id, {}).items())
        return [
            cohort
            for cohort_id, cohort in cohorts
            if cohort_id > after
            and (teacher_id is None or any(one.person_id == teacher_id for one in cohort.teachers))
        ][:limit]

    async def taught(self, tenant_id: str, teacher_id: str, students: Sequence[str], on: date) -> set[str]:
        found: set[str] = set()
        for cohort in self._cohorts.get(tenant_id, {}).values():
            if any(teacher.person_id == teacher_id and teacher.covers(on) for teacher in cohort.teachers):
                found.update(cohort.members(on))
        return found.intersection(students)

    async def delete(self, tenant_id: str, cohort_id: str) -> bool:
        return self._cohorts.get(tenant_id, {}).pop(cohort_id, None) is not None

    async def close(self) -> None:
        return


class MemoryTenantBook:
    """Tenants by id."""

    def __init__(self) -> None:
        """Start empty."""
        self._tenants: dict[str, Tenant] = {}
        self._privacy: dict[str, TenantPrivacy] = {}

    async def keep(self, tenants: Sequence[Tenant]) -> None:
        for tenant in tenants:
            self._tenants.setdefault(tenant.tenant_id, tenant)

    async def all(self) -> list[Tenant]:
        return [tenant for _, tenant in sorted(self._tenants.items())]

    async def privacy(self, tenant_id: str) -> TenantPrivacy | None:
        return self._privacy.get(tenant_id)

    async def set_privacy(self, tenant_id: str, privacy: TenantPrivacy) -> None:
        self._privacy[tenant_id] = privacy

    async def remove(self, tenant_id: str) -> bool:
        self._privacy.pop(tenant_id, None)
        return self._tenants.pop(tenant_id, None) is not None

    async def close(self) -> None:
        return
