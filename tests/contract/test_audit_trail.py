"""What every audit trail keeps to."""

import asyncio

import msgspec
import pytest

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, link, verify
from mastery_engine.contracts.audit_seals import DAY_MS, REGISTER, AuditSeals
from mastery_engine.engine.audit_verify import check_trail, read_register
from mastery_engine.ports import (
    REFUSED,
    AuditEntry,
    AuditTrail,
    IndexRow,
    action_term,
    actor_term,
    request_term,
)
from tests.contract.factories import PSEUDONYMS

SEALS = AuditSeals(PSEUDONYMS)


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


async def test_records_are_found_by_all_of_the_terms_the_newest_first(audit: AuditTrail) -> None:
    await audit.append([entry(n, "a" if n % 3 else "b") for n in range(12)])
    await audit.append([entry(99, "a", tenant="t2")])
    found = await audit.search("t1", ["a", REFUSED])
    assert [record.sequence for record in found] == [12, 8, 6, 2]
    assert [one.sequence for one in await audit.search("t1", ["a", REFUSED], after=2, before=12)] == [8, 6]
    assert [one.sequence for one in await audit.search("t1", ["a", REFUSED], limit=1)] == [12]
    assert [one.sequence for one in await audit.search("t1", [request_term("r4")])] == [5]
    every = [actor_term("os:größe"), action_term("mastery.read")]
    assert len(await audit.search("t1", every)) == 12
    assert await audit.search("t1", [*every, actor_term("os:kim")]) == []
    assert await audit.search("nowhere", every) == []


async def test_without_terms_every_record_is_found(audit: AuditTrail) -> None:
    await audit.append([entry(n) for n in range(5)])
    assert [one.sequence for one in await audit.search("t1", [])] == [5, 4, 3, 2, 1]
    assert [one.sequence for one in await audit.search("t1", [], after=1, before=5, limit=2)] == [4, 3]
    assert await audit.search("nowhere", []) == []


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_the_index_has_a_line_for_each_term_of_each_record(audit: AuditTrail, limit: int) -> None:
    await audit.append([entry(1, "b", "a", "b"), entry(2)])
    lines: list[IndexRow] = []
    while rows := await audit.index("t1", lines[-1] if lines else None, limit):
        lines += rows
    records = await audit.read("t1")
    assert lines == sorted(IndexRow(term, one.sequence) for one in records for term in one.entry.terms)
    assert await audit.index("nowhere", None, 10) == []


async def test_the_end_of_a_chain_is_sealed(audit: AuditTrail) -> None:
    assert await audit.end("t1") is None
    await audit.append([entry(1), entry(2)])
    end = await audit.end("t1")
    assert end is not None
    assert (end.sequence, end.hash) == (2, (await audit.read("t1"))[-1].hash)
    assert SEALS.holds("t1", end)
    assert not SEALS.holds("t2", end)
    assert not AuditSeals(None).holds("t1", end)
    assert not SEALS.holds("t1", end._replace(sequence=1))


def on_day(day: int, number: int, tenant: str = "t1") -> AuditEntry:
    made = entry(number, "a", tenant=tenant)
    return msgspec.structs.replace(made, at_ms=day * DAY_MS)


async def test_the_first_record_of_a_later_day_leaves_a_signed_head_of_the_day_before(
    audit: AuditTrail,
) -> None:
    await audit.append([on_day(10, 1), on_day(10, 2)])
    await audit.append([on_day(12, 3)])
    # A clock that goes back makes no day end twice.
    await audit.append([on_day(11, 4), on_day(12, 5), on_day(13, 6)])
    assert await audit.tenants() == ["t1"]
    register = await read_register(audit, SEALS)
    assert [(note.kind, note.day, note.sequence) for note in register.notes] == [
        ("audit.opened", "1970-01-11", 0),
        ("audit.head", "1970-01-11", 2),
        ("audit.head", "1970-01-13", 5),
    ]
    records = await audit.read("t1")
    assert [note.hash for note in register.notes[1:]] == [records[1].hash, records[4].hash]
    reports = await check_trail(audit, SEALS)
    assert [(one.tenant_id, one.records, one.heads, one.holds) for one in reports] == [
        ("t1", 6, 2, True),
        (REGISTER, 3, 0, True),
    ]


async def test_concurrent_callers_of_many_tenants_leave_one_register_that_holds(audit: AuditTrail) -> None:
    await asyncio.gather(
        *(audit.append([on_day(n // 4, n, f"t{n % 3}"), on_day(n // 4, n, f"t{n % 2}")]) for n in range(48))
    )
    reports = await check_trail(audit, SEALS)
    assert [one.tenant_id for one in reports] == ["t0", "t1", "t2", REGISTER]
    assert all(one.holds and one.sealed for one in reports), reports
    assert [one.heads for one in reports] == [11, 11, 11, 0]
