"""What goes wrong on the way: events that come late, and events that come twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random

from msgspec import Struct

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent


class Disorder(Struct, frozen=True, kw_only=True):
    """How much goes wrong.

    Attributes:
        late: Share of events that arrive late.
        repeated: Share of events that are sent twice: half of them at once, half late.
        longest_delay_days: Longest delay.
        seed: All chance follows from it.
    """

    late: float = 0.02
    repeated: float = 0.02
    longest_delay_days: float = 3.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            InvalidInput: Field, value and rule are named.
        """
        for name in ("late", "repeated"):
            share: float = getattr(self, name)
            if not 0.0 <= share <= 1.0:
                raise InvalidInput.of(Problem(name, str(share), "must be from 0 to 1"))


def disturb(events: Iterable[LearningEvent], disorder: Disorder) -> Iterator[LearningEvent]:
    """The events as they arrive: none is lost or changed.

    Args:
        events: In order of time. Those that are late are held until then, and nothing else.
        disorder: How much goes wrong.
    """
    rng = Random(disorder.seed)
    longest = disorder.longest_delay_days * DAY_MS
    held: list[tuple[float, int, LearningEvent]] = []
    for count, event in enumerate(events):
        while held and held[0][0] <= event.timestamp:
            yield heappop(held)[2]
        late = rng.random() < disorder.late
        repeated = rng.random() < disorder.repeated
        if late:
            heappush(held, (event.timestamp + rng.random() * longest, 2 * count, event))
        else:
            yield event
        if repeated:
            if rng.random() < 0.5:  # noqa: PLR2004 - half of them
                yield event
            else:
                heappush(held, (event.timestamp + rng.random() * longest, 2 * count + 1, event))
    while held:
        yield heappop(held)[2]
