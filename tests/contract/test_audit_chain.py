"""The hash chain itself: what breaks it."""

from collections.abc import Callable

import msgspec
import pytest

from mastery_engine.adapters.memory.audit import MemoryAuditTrail
from mastery_engine.contracts.audit_chain import canonical, verify
from mastery_engine.ports import AuditEntry, AuditRecord

ENTRY = AuditEntry(
    tenant_id="t1",
    at_ms=1,
    actor="a",
    role="admin",
    action="x",
    subjects=("h",),
    allowed=False,
    request_id="r",
)
replace = msgspec.structs.replace
Chain = list[AuditRecord]


async def chain(length: int = 5) -> list[AuditRecord]:
    trail = MemoryAuditTrail()
    await trail.append([replace(ENTRY, at_ms=n) for n in range(length)])
    return await trail.read("t1")


async def test_an_empty_and_a_sound_chain_hold() -> None:
    assert verify([]) is None
    assert verify(await chain()) is None


def with_third(chain: Chain, third: AuditRecord) -> Chain:
    return [*chain[:2], third, *chain[3:]]


BROKEN: dict[str, tuple[Callable[[Chain], Chain], int]] = {
    "actor": (lambda c: with_third(c, replace(c[2], entry=replace(c[2].entry, actor="b"))), 3),
    "allowed": (lambda c: with_third(c, replace(c[2], entry=replace(c[2].entry, allowed=True))), 3),
    "hash": (lambda c: with_third(c, replace(c[2], hash="0" * 64)), 3),
    "previous": (lambda c: with_third(c, replace(c[2], previous="0" * 64)), 3),
    "missing": (lambda c: [*c[:2], *c[3:]], 3),
    "swapped": (lambda c: [c[1], c[0], *c[2:]], 1),
    "no first": (lambda c: c[1:], 1),
    "repeated": (lambda c: [*c, c[-1]], 6),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_the_first_broken_record_is_named(name: str) -> None:
    broken, first = BROKEN[name]
    assert verify(broken(await chain())) == first


async def test_a_part_of_a_chain_is_checked_from_the_hash_before_it() -> None:
    records = await chain()
    assert verify(records[2:], records[1].hash, after=2) is None
    assert verify(records[2:], records[0].hash, after=2) == 3


def test_a_field_added_later_with_an_empty_default_changes_no_old_hash() -> None:
    class Later(AuditEntry, frozen=True, kw_only=True):
        session: str | None = None
        tags: tuple[str, ...] = ()

    later = msgspec.convert(msgspec.to_builtins(ENTRY), Later)
    assert canonical(later) == canonical(ENTRY)
    assert canonical(replace(later, session="s")) != canonical(ENTRY)
    assert canonical(replace(later, session="")) != canonical(ENTRY)
