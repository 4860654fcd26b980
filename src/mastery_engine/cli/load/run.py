"""Sending and looking side by side, until every update is seen or none has come for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from mastery_engine.cli.load.pace import Due, due
from mastery_engine.cli.load.watch import LoadReport, Watch
from mastery_engine.cli.progress import Meter
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import Clock

FASTEST: Final = 1_000_000.0


class Target(Protocol):
    """Where a load goes.

    Attributes:
        most: Largest batch.
    """

    most: int

    async def send(self, batch: Sequence[Due]) -> None:
        """Return once the batch is accepted."""
        ...

    async def look(self) -> None:
        """Note what can be seen by now; waits a moment where that is nothing."""
        ...


async def drive(
    target: Target,
    watch: Watch,
    events: Iterator[LearningEvent],
    *,
    rate: float | None,
    patience: float,
    clock: Clock,
    meter: Meter,
) -> LoadReport:
    """Send everything, and wait for the updates.

    Args:
        target: Where to.
        watch: What the target notes in.
        events: In order.
        rate: Events a second, None for as fast as they are accepted.
        patience: Seconds without any new update after which the missing ones are given up.
        clock: Tells the time.
        meter: Told of what was sent; entered.

    Raises:
        DependencyDown: The target does not answer.
    """
    begin = clock.monotonic()
    sending = asyncio.create_task(_send(target, events, rate, clock, meter))
    try:
        seen, since = 0, begin
        while not sending.done() or (watch.waiting and clock.monotonic() < since + patience):
            await target.look()
            if sending.done():
                sending.result()
            if watch.updates != seen or not sending.done():
                seen, since = watch.updates, clock.monotonic()
        return watch.report(await sending - begin)
    finally:
        sending.cancel()
        await asyncio.wait([sending])


async def _send(
    target: Target, events: Iterator[LearningEvent], rate: float | None, clock: Clock, meter: Meter
) -> float:
    """Send all; returns when the last one was accepted."""
    async for batch in due(events, rate, target.most, clock):
        await target.send(batch)
        meter.advance(len(batch), len(batch))
    return clock.monotonic()


def check(rate: float | None, patience: float) -> None:
    """Refuse what cannot be kept.

    Raises:
        InvalidInput: A number is out of its bounds.
    """
    if rate is not None and not 0.0 < rate <= FASTEST:
        raise InvalidInput.of(Problem("--rate", f"{rate:g}", f"must be above 0 and at most {FASTEST:g}"))
    if not patience >= 0.0:
        raise InvalidInput.of(Problem("--patience", f"{patience:g}", "must not be below 0"))
