"""Cutting what is to be done into calls, and making several of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from mastery_engine.adapters.dapr.refusals import is_plain
from mastery_engine.adapters.dapr.wire import size_of
from mastery_engine.ports import Write

ITEMS_A_CALL: Final = 100
"""Ten times as many are no faster, and stand in the way of others for longer."""
BYTES_A_CALL: Final = 1_000_000
"""A quarter of what a sidecar takes by default."""
CALLS_AT_ONCE: Final = 8

Numbered = tuple[int, Write]
"""A write, and its place in the batch."""
T = TypeVar("T")


def waves(writes: Sequence[Write]) -> list[list[Numbered]]:
    """Writes one after the other where they concern one key: no wave has a key twice."""
    found: list[list[Numbered]] = []
    seen: dict[str, int] = {}
    for place, write in enumerate(writes):
        wave = seen.get(write.key, 0)
        seen[write.key] = wave + 1
        if wave == len(found):
            found.append([])
        found[wave].append((place, write))
    return found


def cut(writes: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Pieces that fit into a call."""
    piece: list[Numbered] = []
    size = 0
    for numbered in writes:
        weight = size_of(numbered[1])
        if piece and (len(piece) == ITEMS_A_CALL or size + weight > BYTES_A_CALL):
            yield piece
            piece, size = [], 0
        piece.append(numbered)
        size += weight
    if piece:
        yield piece


def cut_conditional(writes: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    """The same for writes that may be refused: each key that a message would garble goes alone."""
    yield from cut(one for one in writes if is_plain(one[1].key))
    yield from ([one] for one in writes if not is_plain(one[1].key))


async def each(parts: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Do something for every part, several at a time.

    After a failure no further part is begun, and it is raised when those under way have ended: nothing of a batch that was told
    to have failed is still to come.
    """
    left = iter(parts)
    failures: list[Exception] = []

    async def work() -> None:
        for part in left:
            try:
                await do(part)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)
            if failures:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLS_AT_ONCE):
            group.create_task(work())
    if failures:
        raise failures[0]
