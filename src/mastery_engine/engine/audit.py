"""The audit trail's chains, looked at record by record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, verify
from mastery_engine.ports import AuditRecord, AuditTrail

PAGE: Final = 1_000
BEFORE_ALL: Final = -(1 << 62)
"""A first record has the number 1; one that was put in before it must show too."""
Watch = Callable[[Sequence[AuditRecord]], None]


class ChainReport(Struct, frozen=True, kw_only=True):
    """What a check of one chain found.

    Attributes:
        tenant_id: Whose chain; empty for the register of heads.
        records: How many were checked and hold.
        last_hash: Hash of the last of them, 64 zeros without one. Kept elsewhere and asked for later, it
            shows that the trail was not made anew.
        broken_at: First sequence that was changed, is missing or out of place; None if all records hold.
        problem: What else does not hold, in words: a seal, a head, the index; None if nothing.
        heads: How many signed heads of days agree with it.
        sealed: Whether its end has a seal; a chain of an older release has none before its next record.
        seen: Those of the hashes asked for that the chain holds.
    """

    tenant_id: str
    records: int
    last_hash: str
    broken_at: int | None
    problem: str | None = None
    heads: int = 0
    sealed: bool = False
    seen: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return self.broken_at is None and self.problem is None


async def check_chain(
    trail: AuditTrail,
    tenant_id: str,
    hashes: Collection[str] = (),
    *,
    until: int | None = None,
    watch: Watch | None = None,
) -> ChainReport:
    """Verify the chain of a tenant from its first record, page after page.

    Args:
        trail: Where the chain is.
        tenant_id: Whose. Records that were cut off its end do not show here, but by `audit_verify`.
        hashes: Which are looked for among its records.
        until: The last sequence to look at; None goes on to the end.
        watch: Gets the records that hold, page after page.
    """
    previous, after, begin = FIRST_PREVIOUS, 0, BEFORE_ALL
    seen: list[str] = []
    broken: int | None = None
    while broken is None and (until is None or after < until):
        limit = PAGE if until is None else min(PAGE, until - after)
        page = await trail.read(tenant_id, after=begin, limit=limit)
        if not page:
            break
        broken = _broken(tenant_id, page, previous, after)
        # Up to the break the sequences have no gap, so that they count places in the page.
        sound = page if broken is None else page[: broken - 1 - after]
        seen += (record.hash for record in sound if record.hash in hashes)
        if sound:
            previous, after = sound[-1].hash, sound[-1].sequence
            begin = after
        if watch is not None:
            watch(sound)
    if broken is None and until is not None and after < until:
        broken = after + 1
    return ChainReport(
        tenant_id=tenant_id, records=after, last_hash=previous, broken_at=broken, seen=tuple(seen)
    )


def _broken(tenant_id: str, page: Sequence[AuditRecord], previous: str, after: int) -> int | None:
    broken = verify(page, previous, after)
    foreign = next(
        (after + n for n, one in enumerate(page, 1) if not one.readable or one.entry.tenant_id != tenant_id),
        None,
    )
    found = [one for one in (broken, foreign) if one is not None]
    return min(found, default=None)
