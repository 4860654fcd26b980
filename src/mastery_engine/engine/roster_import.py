"""Rosters from other systems: what they change, and the change made, on record with the students concerned."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final, final

from mastery_engine.contracts.roster_report import RosterReport
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.enrolment import ClassChange, Enrolment, Mode, changed, cohorts_of
from mastery_engine.domain.errors import Conflict
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import Action
from mastery_engine.engine.reading import Reader
from mastery_engine.ports import Rosters

ACTION: Final[Action] = "cohorts.write"
_TOGETHER: Final = 100
_TRIES: Final = 10


@final
class RosterImport:
    """Takes rosters in."""

    def __init__(self, reader: Reader, rosters: Rosters) -> None:
        """Put the parts together."""
        self._reader = reader
        self._rosters = rosters

    async def permit(self, caller: Caller) -> date:
        """Return today in the school's time zone if the caller may take rosters in.

        Raises:
            NotAllowed: The caller's role may not; on record too.
        """
        tenant, _ = await self._reader.day(caller, None)
        today = self._reader.today(tenant)
        await self._reader.access.permit(caller, ACTION, [], today)
        return today

    async def take(
        self, caller: Caller, enrolments: Sequence[Enrolment], *, mode: Mode, dry_run: bool, source: str
    ) -> RosterReport:
        """Change the classes that the lines tell of, each at once; others stay as they are.

        Args:
            caller: Who does it.
            enrolments: Checked already.
            mode: What becomes of who is not told of.
            dry_run: Change nothing. The look is on record all the same.
            source: What kind of file it was, for the record.

        Raises:
            NotAllowed: The caller's role may not.
            Conflict: Somebody else goes on changing a class.
            DependencyDown: A record could not be kept. Classes before it are changed; the same import again does the rest.
        """
        today = await self.permit(caller)
        told = cohorts_of(enrolments)
        changes: list[ClassChange] = []
        detail = {"import": source, "mode": mode} | ({"dry_run": "yes"} if dry_run else {})
        for first in range(0, len(told), _TOGETHER):
            part = told[first : first + _TOGETHER]
            made = await asyncio.gather(*(self._change(caller, one, mode, today, detail) for one in part))
            changes += [change for change in made if not change.is_none]
        return RosterReport(
            mode=mode,
            dry_run=dry_run,
            day=today,
            classes=len(told),
            unchanged=len(told) - len(changes),
            changes=tuple(changes),
        )

    async def _change(
        self, caller: Caller, told: Cohort, mode: Mode, today: date, detail: dict[str, str]
    ) -> ClassChange:
        """One class; planned anew if somebody else has changed it meanwhile."""
        for _ in range(_TRIES):
            before = await self._rosters.get(caller.tenant_id, told.cohort_id)
            after, change = changed(before, told, mode, today)
            if change.is_none:
                return change
            students = sorted(change.students.concerned)
            facts = {"cohort_id": told.cohort_id} | detail
            await self._reader.access.record(caller, ACTION, students, allowed=True, detail=facts)
            if "dry_run" in detail:
                return change
            if await self._rosters.replace(caller.tenant_id, told.cohort_id, before, after):
                return change
        raise Conflict(f"class {told.cohort_id!r} is being changed by others; import again")
