"""The audit trail, looked at: whether its chain holds, and what it says last."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, verify
from mastery_engine.ports import AuditRecord, AuditTrail

PAGE: Final = 1_000


class ChainReport(Struct, frozen=True, kw_only=True):
    """What a check of one chain found.

    Attributes:
        tenant_id: Whose chain.
        records: How many were checked and hold.
        last_hash: Hash of the last of them, 64 zeros without one. Kept elsewhere and asked for later, it
            shows that no record was cut off the end and the trail not made anew.
        broken_at: First sequence that was changed, is missing or out of place; None if the chain holds.
        seen: Those of the hashes asked for that the chain holds.
    """

    tenant_id: str
    records: int
    last_hash: str
    broken_at: int | None
    seen: tuple[str, ...] = ()


async def check_chain(trail: AuditTrail, tenant_id: str, hashes: Collection[str] = ()) -> ChainReport:
    """Verify the chain of a tenant from its first record, page after page.

    Args:
        trail: Where the chain is.
        tenant_id: Whose. Records that were cut off its end show once another one is appended: its sequence
            and the hash that it names follow on those that are missing.
        hashes: Which are looked for among its records.
    """
    previous, after = FIRST_PREVIOUS, 0
    seen: list[str] = []
    broken: int | None = None
    while broken is None and (page := await trail.read(tenant_id, after=after, limit=PAGE)):
        broken = verify(page, previous, after)
        # Up to the break the sequences have no gap, so that they count places in the page.
        sound = page if broken is None else page[: broken - 1 - after]
        seen += (record.hash for record in sound if record.hash in hashes)
        if sound:
            previous, after = sound[-1].hash, sound[-1].sequence
    return ChainReport(
        tenant_id=tenant_id, records=after, last_hash=previous, broken_at=broken, seen=tuple(seen)
    )


async def last_records(
    trail: AuditTrail, tenant_id: str, *, subject: str | None = None, limit: int = 20
) -> list[AuditRecord]:
    """The newest records of a tenant, of one subject if given, oldest first."""
    found: deque[AuditRecord] = deque(maxlen=limit)
    after = 0
    while page := await trail.read(tenant_id, subject=subject, after=after, limit=PAGE):
        found.extend(page)
        after = page[-1].sequence
    return list(found)
