"""Classes: who may look at one, and who may change it; everything on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple, final

from msgspec.structs import replace

from mastery_engine.contracts.cohort_summary import CohortSummary
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.cohort import UNKNOWN_CLASS, Cohort
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.access import Caller
from mastery_engine.engine.reading import Reader
from mastery_engine.engine.roster_writes import RosterWrites
from mastery_engine.ports import Rosters

Condition = Callable[[Cohort | None], bool]
"""Whether a class is still as the caller thinks it is; given None where there is none."""
_TRIES: Final = 10


class Change(NamedTuple):
    """What became of a class.

    Attributes:
        cohort: As it is now.
        made: Whether there was none before.
    """

    cohort: Cohort
    made: bool


@final
class Cohorts:
    """Looks at classes and changes them."""

    def __init__(self, reader: Reader, rosters: Rosters, writes: RosterWrites) -> None:
        """Put the parts together.

        Args:
            reader: Knows schools, and who may.
            rosters: Where the classes are.
            writes: Puts them there.
        """
        self._writes = writes
        self._reader = reader
        self._access = reader.access
        self._rosters = rosters

    async def list(
        self, caller: Caller, *, after: str = "", limit: int = 100
    ) -> tuple[list[CohortSummary], str | None]:
        """Classes of the caller's tenant in the order of their ids; a teacher's own ones.

        It names no student; that somebody looked is on record all the same.

        Args:
            caller: Who asks.
            after: Id after which the list goes on.
            limit: How many at most; of a teacher's, those that are taught no more are left out of a page.

        Returns:
            The classes, and the id after which there are more; None at the end.

        Raises:
            NotAllowed: The caller's role may not.
            DependencyDown: The record could not be kept, so there is no answer.
        """
        today = await self._today(caller)
        await self._access.permit(caller, "cohorts.read", [], today)
        await self._access.record(caller, "cohorts.read", [], allowed=True)
        teacher = caller.subject if caller.role == "teacher" else None
        found = await self._rosters.list(caller.tenant_id, after=after, limit=limit + 1, teacher_id=teacher)
        listed = [one for one in found[:limit] if teacher is None or one.is_taught_by(teacher, today)]
        summaries = [_summary(one, today) for one in listed]
        return summaries, found[limit - 1].cohort_id if len(found) > limit else None

    async def get(self, caller: Caller, cohort_id: str) -> Cohort:
        """One class; for its teacher, with those students who are in it today.

        Raises:
            NotFound: There is none of that id, or the caller does not teach it.
            NotAllowed: The caller's role may not.
        """
        today = await self._today(caller)
        cohort = await self._rosters.get(caller.tenant_id, cohort_id)
        # What is no class may be anything, a student's name too, and a record holds nobody's.
        detail = {"cohort_id": UNKNOWN_CLASS if cohort is None else cohort_id}
        if cohort is not None and caller.role == "teacher":
            cohort = _as_taught(cohort, caller.subject, today)
        students = [] if cohort is None else sorted({one.person_id for one in cohort.students})
        try:
            await self._access.permit(
                caller, "cohorts.read", students, today, detail, granted=cohort is not None
            )
        except NotFound:
            raise _no_class(cohort_id) from None
        if cohort is None:
            raise _no_class(cohort_id)
        return cohort

    async def put(self, caller: Caller, cohort: Cohort, condition: Condition | None = None) -> Change:
        """Make a class, or put another roster in the place of its old one; who is erased is left out of it.

        Args:
            caller: Who does it.
            cohort: Whole.
            condition: What must hold of the class as it was.

        Raises:
            NotAllowed: The caller's role may not.
            Conflict: The condition does not hold.
        """
        await self._permit_writing(caller)
        for _ in range(_TRIES):
            before = await self._before(caller, cohort.cohort_id, condition)
            await self._record(caller, cohort.cohort_id, (before, cohort))
            kept = await self._writes.replace(caller.tenant_id, cohort.cohort_id, before, cohort)
            if kept is not None:
                return Change(kept, before is None)
        raise _changed(cohort.cohort_id)

    async def delete(self, caller: Caller, cohort_id: str, condition: Condition | None = None) -> Cohort:
        """Remove a class; its students' evidence stays.

        Args:
            caller: Who does it.
            cohort_id: Which.
            condition: What must hold of the class as it was.

        Returns:
            The class as it was.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is none of that id.
            Conflict: The condition does not hold.
        """
        await self._permit_writing(caller)
        for _ in range(_TRIES):
            before = await self._before(caller, cohort_id, condition)
            if before is None:
                detail = {"cohort_id": UNKNOWN_CLASS}
                await self._access.record(caller, "cohorts.write", [], allowed=False, detail=detail)
                raise _no_class(cohort_id)
            await self._record(caller, cohort_id, (before,))
            if await self._rosters.replace(caller.tenant_id, cohort_id, before, None):
                return before
        raise _changed(cohort_id)

    async def _permit_writing(self, caller: Caller) -> None:
        # A refused one is on record without the id: it may be anything.
        await self._access.permit(caller, "cohorts.write", [], await self._today(caller))

    async def _before(self, caller: Caller, cohort_id: str, condition: Condition | None) -> Cohort | None:
        before = await self._rosters.get(caller.tenant_id, cohort_id)
        if condition is not None and not condition(before):
            raise _changed(cohort_id)
        return before

    async def _record(self, caller: Caller, cohort_id: str, cohorts: tuple[Cohort | None, ...]) -> None:
        students = sorted({one.person_id for cohort in cohorts if cohort for one in cohort.students})
        detail = {"cohort_id": cohort_id}
        await self._access.record(caller, "cohorts.write", students, allowed=True, detail=detail)

    async def _today(self, caller: Caller) -> date:
        _, day = await self._reader.day(caller, None)
        return date_of(day)


def _summary(cohort: Cohort, today: date) -> CohortSummary:
    return CohortSummary(
        cohort_id=cohort.cohort_id,
        name=cohort.name,
        teachers=sorted({one.person_id for one in cohort.teachers if one.covers(today)}),
        students=len(cohort.members(today)),
    )


def _as_taught(cohort: Cohort, teacher_id: str, today: date) -> Cohort | None:
    """The class as its teacher sees it: who has left is no longer the teacher's to see."""
    if not cohort.is_taught_by(teacher_id, today):
        return None
    return replace(cohort, students=tuple(one for one in cohort.students if one.covers(today)))


def _no_class(cohort_id: str) -> NotFound:
    return NotFound(f"no class {cohort_id[:100]!r}")


def _changed(cohort_id: str) -> Conflict:
    return Conflict(f"class {cohort_id!r} is not, or no longer, as the request says; look at it again")
