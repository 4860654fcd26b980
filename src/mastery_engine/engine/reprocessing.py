"""Many dead letters sent again, one after the other and no faster than is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from mastery_engine.contracts.reprocessing import Reprocessing
from mastery_engine.domain.errors import Conflict, InvalidInput, NotFound, Problem
from mastery_engine.engine.access import Caller
from mastery_engine.engine.letters import DeadLetterDesk
from mastery_engine.ports import Clock


@final
class Pace:
    """So many a second at most, evenly; who was slow for a while does not catch up in a burst."""

    def __init__(self, clock: Clock, rate: float | None) -> None:
        """Begin now.

        Args:
            clock: Whose time it is.
            rate: How many a second, more than 0; None sets no bound.

        Raises:
            InvalidInput: The rate is no such number.
        """
        if rate is not None and not 0 < rate < float("inf"):
            raise InvalidInput.of(Problem("rate", str(rate), "must be more than 0"))
        self._clock = clock
        self._apart = 0.0 if rate is None else 1 / rate
        self._next = float("-inf")

    async def wait(self) -> None:
        """Return when the next one may go."""
        left = self._next - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)

    def went(self) -> None:
        """One has gone just now."""
        self._next = max(self._next, self._clock.monotonic()) + self._apart


async def reprocess_many(
    desk: DeadLetterDesk,
    caller: Caller,
    ids: Sequence[str],
    pace: Pace,
    told: Callable[[Reprocessing], None],
    *,
    dry_run: bool = False,
) -> None:
    """Send letters' events into the log again; see `DeadLetterDesk.reprocess`.

    Args:
        desk: Where they lie.
        caller: Who wants it.
        ids: Of the letters; one that is gone or has ended meanwhile is `skipped`, where there are several.
        pace: How fast.
        told: Told what became of each, so that nothing is lost of an answer that an error cuts off.
        dry_run: Only look.

    Raises:
        DependencyDown: The log or a store does not answer; those told of are done, and the others are as they were.
    """
    for one in ids:
        await pace.wait()
        try:
            outcome = await desk.reprocess(caller, one, dry_run=dry_run)
        except (Conflict, NotFound) as error:
            if len(ids) == 1:
                raise
            outcome = Reprocessing(letter_id=one, outcome="skipped", message=error.message)
        if outcome.outcome == "sent":
            pace.went()
        told(outcome)
