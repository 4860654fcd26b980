"""Who may do what to whom: one class that decides by the table in `policy`, and a record of every access before its answer.

What exists but may not be seen answers exactly like what does not exist; only a role that may not use a
door at all is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import final

from msgspec import Struct

from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.errors import NotAllowed, NotFound
from mastery_engine.engine.policy import DESPITE_ERASURE, DESPITE_RESTRICTION, TABLE, Action, Relation, Role
from mastery_engine.engine.restrictions import Restrictions
from mastery_engine.ports import AuditEntry, AuditTrail, Clock, Rosters


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        tenant_id: The caller's tenant; nobody crosses it.
        subject: A student's id, a teacher's, an admin's, a service's; `os:{user}` on the command line.
        role: One of `ROLES`.
        request_id: Id of the request, for the audit trail.
        operator: `os:{user}`, where somebody at the machine asks with no more rights than `subject` has; the record names both.
    """

    tenant_id: str
    subject: str
    role: Role
    request_id: str
    operator: str | None = None


@final
class Access:
    """Decides, and leaves the record."""

    def __init__(
        self,
        rosters: Rosters,
        audit: AuditTrail,
        pseudonyms: Pseudonyms,
        clock: Clock,
        restrictions: Restrictions | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            rosters: Who is taught by whom.
            audit: Takes the record.
            pseudonyms: Stand for the students there.
            clock: Stamps the record.
            restrictions: Who is restricted; None where nobody can be.
        """
        self._restrictions = restrictions
        self._rosters = rosters
        self._audit = audit
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def permit(
        self,
        caller: Caller,
        action: Action,
        students: Sequence[str],
        on: date,
        detail: dict[str, str] | None = None,
        *,
        granted: bool = True,
    ) -> None:
        """Return once the access is allowed and on record.

        Args:
            caller: Who asks.
            action: What for.
            students: Whose data it is; none for an action that concerns nobody's.
            on: Day for which a teacher's rosters count: today in the tenant's time zone.
            detail: Further facts for the record, without personal data.
            granted: Whether the use case's own condition is met, where it has one beside the relation.

        Raises:
            NotAllowed: The role may not use the action; on record too.
            NotFound: One of the students is not the caller's to see; on record too.
            DependencyDown: The record could not be kept, so there is no answer.
        """
        relation = TABLE[action].get(caller.role)
        allowed = granted and await self.may(caller, action, students, on)
        if students or not allowed:
            await self.record(caller, action, students, allowed=allowed, detail=detail)
        if relation is None:
            raise _not_allowed(caller, action)
        if not allowed:
            raise not_found()

    async def may(self, caller: Caller, action: Action, students: Sequence[str], on: date) -> bool:
        """Whether an access that is on record already would be allowed still; leaves no record."""
        relation = TABLE[action].get(caller.role)
        related = relation is not None and await self._relates(caller, relation, students, on)
        return related and len(await self.open_to(caller, action, students)) == len(students)

    async def visible(self, caller: Caller, action: Action, students: Sequence[str], on: date) -> list[str]:
        """Those of the students whom the caller may see; both kinds are on record when this returns.

        Raises:
            NotAllowed: The role may not use the action; on record too.
            DependencyDown: The record could not be kept, so there is no answer.
        """
        relation = TABLE[action].get(caller.role)
        if relation is None:
            await self.record(caller, action, students, allowed=False)
            raise _not_allowed(caller, action)
        if relation == "tenant":
            seen = list(students)
        elif relation == "own":
            seen = [student for student in students if student == caller.subject]
        else:
            taught = await self._rosters.taught(caller.tenant_id, caller.subject, students, on)
            seen = [student for student in students if student in taught]
        seen = await self.open_to(caller, action, seen)
        known = set(seen)
        hidden = [student for student in students if student not in known]
        if seen:
            await self.record(caller, action, seen, allowed=True)
        if hidden:
            await self.record(caller, action, hidden, allowed=False)
        return seen

    async def open_to(self, caller: Caller, action: Action, students: Sequence[str]) -> list[str]:
        """Those of the students who are neither restricted, as far as this goes, nor being erased; no decision, not recorded.

        For answers that a restricted student is left out of, such as a comparison in a class.

        Raises:
            DependencyDown: The store does not answer.
        """
        if not students or self._restrictions is None or action in DESPITE_ERASURE:
            return list(students)
        hidden = await self._restrictions.among(caller.tenant_id, students)
        shut = hidden.erasing if action in DESPITE_RESTRICTION else hidden.erasing | hidden.restricted
        if caller.role == "student" and caller.subject not in hidden.erasing:
            shut -= {caller.subject}
        return [student for student in students if student not in shut]

    async def record(
        self,
        caller: Caller,
        action: str,
        students: Sequence[str],
        *,
        allowed: bool,
        detail: dict[str, str] | None = None,
        hashes: Sequence[str] = (),
    ) -> None:
        """Leave an audit record, durable when this returns; a student acts under the keyed hash too.

        Those of whom no more is known than their keyed hashes are named by these.
        """
        actor = caller.subject
        if caller.role == "student":
            actor = self._pseudonyms.of(caller.tenant_id, caller.subject)
        facts = detail or {}
        if caller.operator is not None:
            actor, facts = caller.operator, facts | {"with_rights_of": actor}
        entry = AuditEntry(
            tenant_id=caller.tenant_id,
            at_ms=self._clock.now_ms(),
            actor=actor,
            role=caller.role,
            action=action,
            subjects=(*(self._pseudonyms.of(caller.tenant_id, student) for student in students), *hashes),
            allowed=allowed,
            request_id=caller.request_id,
            detail=facts,
        )
        await self._audit.append([entry])

    async def _relates(self, caller: Caller, relation: Relation, students: Sequence[str], on: date) -> bool:
        if relation == "tenant":
            return True
        if relation == "own":
            return all(student == caller.subject for student in students)
        taught = await self._rosters.taught(caller.tenant_id, caller.subject, students, on)
        return taught.issuperset(students)


def _not_allowed(caller: Caller, action: Action) -> NotAllowed:
    return NotAllowed(f"the role {caller.role} may not use {action}")


def not_found() -> NotFound:
    """The one answer for a student who does not exist, has no event yet, or is not the caller's to see."""
    return NotFound("no such student, or no event of the student up to that day")
