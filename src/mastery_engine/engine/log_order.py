"""Reading a whole log in one order."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Mapping
from heapq import heapify, heappop, heappush
from typing import Final

from mastery_engine.ports import EventLog, Record

READ_BATCH: Final = 2_000


async def in_order(
    log: EventLog, ends: Mapping[int, int], size: int = READ_BATCH
) -> AsyncGenerator[list[Record]]:
    """All records before the ends, in batches: by the time at which they entered, those of a partition in their order.

    Args:
        log: From its earliest record on.
        ends: By partition, the offset before which it is read.
        size: Most records of a partition to hold.
    """
    held: dict[int, deque[Record]] = {partition: deque() for partition in ends}
    following = dict.fromkeys(ends, 0)
    unread = {partition for partition, end in ends.items() if end > 0}
    while True:
        for partition in sorted(unread):
            if not held[partition]:
                found = await log.read(partition, following[partition], size)
                held[partition].extend(one for one in found if one.offset < ends[partition])
                following[partition] = found[-1].offset + 1 if found else ends[partition]
                if following[partition] >= ends[partition]:
                    unread.discard(partition)
        batch = _merged(held, unread)
        if not batch:
            return
        yield batch


def _merged(held: Mapping[int, deque[Record]], unread: set[int]) -> list[Record]:
    """Take the earliest of the first ones, until a partition runs out of which there is more to read."""
    heap = [(records[0].appended_ms, partition) for partition, records in held.items() if records]
    heapify(heap)
    batch: list[Record] = []
    while heap:
        _, partition = heappop(heap)
        records = held[partition]
        batch.append(records.popleft())
        if records:
            heappush(heap, (records[0].appended_ms, partition))
        elif partition in unread:
            break
    return batch
