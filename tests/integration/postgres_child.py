"""What tests of several processes run in a child: `python postgres_child.py WHAT URL NAME COUNT`."""

import asyncio
import os
import sys
from uuid import UUID

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.ports import ArchivedEvent, AuditEntry

BATCH = 250


def event(number: int, name: str) -> ArchivedEvent:
    """The same event under a day and with a content of each writer's own."""
    day = 16_000 + number % 3 + ord(name)
    value = f"{name}:{day}".encode()
    return ArchivedEvent("t1", str(UUID(int=number)), f"s{number % 7}", day, 1, name, 0, number, 1, value)


async def archive(records: PostgresRecords, name: str, count: int) -> None:
    numbers = list(range(count))
    # Each in an order of its own, as batches of a rebalance come.
    if name == "b":
        numbers.reverse()
    if name == "c":
        numbers = numbers[count // 2 :] + numbers[: count // 2]
    added = 0
    for start in range(0, count, BATCH):
        added += await records.archive.add([event(n, name) for n in numbers[start : start + BATCH]])
    sys.stdout.write(str(added))


def entry(name: str, tenant: str, number: int) -> AuditEntry:
    return AuditEntry(
        tenant_id=tenant,
        at_ms=number,
        actor=name,
        role="operator",
        action="mastery.read",
        subjects=(name, "all"),
        allowed=True,
        request_id=f"{name}{number}",
    )


async def audit(records: PostgresRecords, name: str, count: int) -> None:
    for n in range(count):
        tenants = ("t1", "t2") if n % 2 else ("t2", "t1")
        await asyncio.gather(
            *(records.audit.append([entry(name, tenant, n) for tenant in tenants]) for _ in range(5))
        )
        os.write(1, b"%d\n" % n)


WORK = {"archive": archive, "audit": audit}


async def main() -> None:
    what, url, name, count = sys.argv[1:]
    records = await open_postgres(url, SystemClock())
    try:
        await WORK[what](records, name, int(count))
    finally:
        await records.close()


if __name__ == "__main__":
    asyncio.run(main())
