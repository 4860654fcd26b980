"""What every audit trail keeps to."""

import asyncio

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, link, verify
from mastery_engine.ports import AuditEntry, AuditTrail


def entry(
    number: int, *subjects: str, tenant: str = "t1", detail: dict[str, str] | None = None
) -> AuditEntry:
    return AuditEntry(
        tenant_id=tenant,
        at_ms=1_400_000_000_000 + number,
        actor="os:größe",
        role="operator",
        action="mastery.read",
        subjects=subjects,
        allowed=number % 2 == 0,
        request_id=f"r{number}",
        detail=detail or {},
    )


async def test_entries_are_chained_from_one_on_in_the_order_they_came(audit: AuditTrail) -> None:
    entries = [entry(n, "hash-a", detail={"route": "/x"} if n else None) for n in range(3)]
    await audit.append(entries[:1])
    await audit.append(entries[1:])
    records = await audit.read("t1")
    assert [record.entry for record in records] == entries
    assert [record.sequence for record in records] == [1, 2, 3]
    assert records[0].previous == FIRST_PREVIOUS
    assert records[0].hash == link(FIRST_PREVIOUS, 1, entries[0])
    assert [record.previous for record in records[1:]] == [record.hash for record in records[:-1]]
    assert verify(records) is None


async def test_each_tenant_has_a_chain_of_its_own(audit: AuditTrail) -> None:
    assert await audit.tenants() == []
    await audit.append([entry(1, tenant="b"), entry(2, tenant="a"), entry(3, tenant="b")])
    assert await audit.tenants() == ["a", "b"]
    assert [record.sequence for record in await audit.read("b")] == [1, 2]
    assert verify(await audit.read("a")) is None
    assert verify(await audit.read("b")) is None
    assert await audit.read("nowhere") == []


async def test_records_are_read_page_by_page(audit: AuditTrail) -> None:
    await audit.append([entry(n) for n in range(25)])
    pages = [await audit.read("t1", after=after, limit=10) for after in (0, 10, 20, 25)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert verify(pages[1], pages[0][-1].hash, after=10) is None


async def test_records_are_found_by_each_of_their_subjects(audit: AuditTrail) -> None:
    await audit.append(
        [entry(1, "a"), entry(2, "a", "b", "a"), entry(3), entry(4, "b"), entry(5, "a", tenant="t2")]
    )
    assert [record.sequence for record in await audit.read("t1", subject="a")] == [1, 2]
    assert [record.sequence for record in await audit.read("t1", subject="b")] == [2, 4]
    assert [record.sequence for record in await audit.read("t1", subject="b", after=2)] == [4]
    assert [record.sequence for record in await audit.read("t1", subject="b", limit=1)] == [2]
    assert await audit.read("t1", subject="nobody") == []


async def test_an_answer_about_many_is_one_record(audit: AuditTrail) -> None:
    many = tuple(f"hash-{n}" for n in range(1_000))
    await audit.append([entry(1, *many)])
    (record,) = await audit.read("t1", subject="hash-999")
    assert record.entry.subjects == many


async def test_concurrent_appends_leave_one_chain_that_holds(audit: AuditTrail) -> None:
    await asyncio.gather(*(audit.append([entry(n), entry(n + 1_000)]) for n in range(50)))
    records = await audit.read("t1", limit=1_000)
    assert len(records) == 100
    assert verify(records) is None
    order = [record.entry.at_ms for record in records]
    assert all(order.index(at) + 1 == order.index(at + 1_000) for at in sorted(order)[:50])


async def test_nothing_to_append_leaves_no_chain(audit: AuditTrail) -> None:
    await audit.append([])
    assert await audit.tenants() == []


async def test_the_trail_closes_twice(audit: AuditTrail) -> None:
    await audit.close()
    await audit.close()
