"""Looking at the audit trail: whether its chain holds, page after page, and what it says last."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS
from mastery_engine.engine import audit
from mastery_engine.engine.audit import check_chain
from mastery_engine.ports import AuditEntry, AuditRecord

Chain = list[AuditRecord]

ENTRY = AuditEntry(
    tenant_id="north",
    at_ms=1,
    actor="a",
    role="admin",
    action="profile.read",
    subjects=("ann",),
    allowed=True,
    request_id="r",
)


class Trail(MemoryAuditTrail):
    """A trail that somebody may have touched, and that counts how often it is read."""

    def __init__(self, touch: Callable[[Chain], Chain] | None = None) -> None:
        super().__init__()
        self._touch = touch
        self.reads = 0

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 1_000
    ) -> Chain:
        self.reads += 1
        whole = await super().read(tenant_id, subject=subject, limit=10_000)
        touched = whole if self._touch is None else self._touch(whole)
        return [one for one in touched if one.sequence > after][:limit]


async def trail_of(length: int, touch: Callable[[Chain], Chain] | None = None) -> Trail:
    trail = Trail(touch)
    names = ("ann", "bob", "cy")
    await trail.append(
        [msgspec.structs.replace(ENTRY, at_ms=n, subjects=(names[n % 3],)) for n in range(length)]
    )
    return trail


@pytest.fixture(autouse=True)
def _pages_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE", 3)


async def test_without_a_record_there_is_nothing_to_break() -> None:
    report = await check_chain(await trail_of(0), "north")
    assert (report.tenant_id, report.records, report.broken_at) == ("north", 0, None)
    assert report.last_hash == FIRST_PREVIOUS


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 7])
async def test_a_chain_that_nobody_touched_holds_over_all_its_pages(length: int) -> None:
    trail = await trail_of(length)
    report = await check_chain(trail, "north")
    assert (report.records, report.broken_at) == (length, None)
    assert report.last_hash == (await trail.read("north", after=length - 1))[0].hash


async def test_each_school_has_a_chain_of_its_own() -> None:
    trail = await trail_of(4)
    await trail.append([msgspec.structs.replace(ENTRY, tenant_id="south")])
    assert (await check_chain(trail, "south")).records == 1
    assert (await check_chain(trail, "nowhere")).records == 0
    assert (await check_chain(trail, "north")).records == 4


def changed(place: int) -> Callable[[Chain], Chain]:
    def touch(chain: Chain) -> Chain:
        one = chain[place - 1]
        other = msgspec.structs.replace(one.entry, actor="nobody")
        return [*chain[: place - 1], msgspec.structs.replace(one, entry=other), *chain[place:]]

    return touch


def taken_out(place: int) -> Callable[[Chain], Chain]:
    return lambda chain: [one for one in chain if one.sequence != place]


@pytest.mark.parametrize("place", range(1, 8))
@pytest.mark.parametrize("touch", [changed, taken_out])
async def test_the_first_broken_record_is_named_wherever_a_page_ends(
    touch: Callable[[int], Callable[[Chain], Chain]], place: int
) -> None:
    sound, trail = await trail_of(8), await trail_of(8, touch(place))
    report = await check_chain(trail, "north")
    assert (report.broken_at, report.records) == (place, place - 1)
    hashes = [FIRST_PREVIOUS, *[one.hash for one in await sound.read("north")]]
    assert report.last_hash == hashes[place - 1]


async def test_behind_the_first_break_nothing_more_is_read() -> None:
    trail = await trail_of(30, changed(2))
    await check_chain(trail, "north")
    assert trail.reads == 1


async def test_a_record_cut_off_the_end_shows_only_by_the_hash_kept_elsewhere() -> None:
    kept = (await check_chain(await trail_of(5), "north")).last_hash
    cut = await check_chain(await trail_of(5, taken_out(5)), "north")
    assert cut.broken_at is None
    assert cut.last_hash != kept
