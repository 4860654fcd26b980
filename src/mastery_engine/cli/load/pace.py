"""Events when they are due, whether the system keeps up or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from itertools import islice
from typing import Final, NamedTuple

from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import Clock

SHORTEST_WAIT_SECONDS: Final = 0.002


class Due(NamedTuple):
    """An event and when it is to be sent, in seconds of `Clock.monotonic`."""

    event: LearningEvent
    at: float


async def due(
    events: Iterator[LearningEvent], rate: float | None, most: int, clock: Clock
) -> AsyncGenerator[list[Due]]:
    """Batches of what is due by now.

    Who takes a batch late finds more in the next one, and each event keeps the moment at which it was due: a wait that the
    system causes counts in what is measured.

    Args:
        events: In the order in which they go out.
        rate: Events a second; None for as many as are taken, each due when it is taken.
        most: Largest batch.
        clock: Tells the time.
    """
    begin, sent = clock.monotonic(), 0
    while True:
        elapsed = clock.monotonic() - begin
        ready = most if rate is None else min(most, int(elapsed * rate) + 1 - sent)
        if rate is not None and ready <= 0:
            await clock.sleep(max(SHORTEST_WAIT_SECONDS, sent / rate - elapsed))
            continue
        chosen = list(islice(events, ready))
        if not chosen:
            return
        if rate is None:
            yield [Due(event, begin + elapsed) for event in chosen]
        else:
            yield [Due(event, begin + (sent + place) / rate) for place, event in enumerate(chosen)]
        sent += len(chosen)
