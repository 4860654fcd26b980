"""A replay of many students by several who rebuild, each a slice at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol
from zlib import crc32

from msgspec import Struct

from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.together import together


class Slice(Struct, frozen=True):
    """Students to rebuild at once.

    Attributes:
        tenant_id: Whose students.
        run_id: Names the side-by-side state.
        number: Of this slice among all.
        student_ids: All of the slice.
        switch: See `Replay.run`.
    """

    tenant_id: str
    run_id: str
    number: int
    student_ids: list[str]
    switch: bool


class Rebuilder(Protocol):
    """Somebody who rebuilds: this process, or another one."""

    async def rebuild(self, one: Slice) -> ReplayReport:
        """Rebuild a slice.

        Raises:
            MasteryError: It cannot, or has ended; what it has switched stays so.
        """
        ...


def sliced(student_ids: Sequence[str], number: int) -> list[list[str]]:
    """Students in so many slices by a stable hash: a student is in the same one whenever and by whomever they are cut."""
    cut: list[list[str]] = [[] for _ in range(number)]
    for student_id in student_ids:
        cut[crc32(student_id.encode()) % number].append(student_id)
    return cut


async def rebuild_all(
    slices: Sequence[Slice],
    rebuilders: Sequence[Rebuilder],
    progress: Callable[[int, ReplayReport], None],
) -> list[ReplayReport]:
    """Let all rebuild, each the next slice whenever it is done with one, so that all end at about the same time.

    Args:
        slices: What is to do.
        rebuilders: Who does it.
        progress: Told how many students each slice had, and what it came to.

    Raises:
        MasteryError: The first error of one of them; the others end their slice and begin no other.
    """
    reports: list[ReplayReport] = []
    todo = deque(slices)

    async def work(rebuilder: Rebuilder) -> None:
        while todo:
            one = todo.popleft()
            try:
                report = await rebuilder.rebuild(one)
            except BaseException:
                todo.clear()
                raise
            reports.append(report)
            progress(len(one.student_ids), report)

    await together(*(work(one) for one in rebuilders))
    return reports
