"""A load is sent, and followed until its updates are seen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mastery_engine.cli.load.pace import Due
from mastery_engine.cli.load.run import check, drive
from mastery_engine.cli.load.watch import LoadReport, Watch
from mastery_engine.cli.progress import Meter
from mastery_engine.domain.errors import DependencyDown, InvalidInput
from mastery_engine.domain.events import LearningEvent
from tests.contract.factories import FakeClock
from tests.unit.engine.house import quiz

EVENTS: list[LearningEvent] = [quiz(number) for number in range(1, 101)]


class SlowTarget:
    """Takes a moment for everything; an event's update is seen so many seconds after it was sent."""

    most = 10

    def __init__(
        self, clock: FakeClock, watch: Watch, takes: float, lost: frozenset[str] = frozenset()
    ) -> None:
        self.clock = clock
        self.watch = watch
        self.takes = takes
        self.lost = lost
        self.sent: list[tuple[str, float]] = []

    async def send(self, batch: Sequence[Due]) -> None:
        for one in batch:
            self.watch.expect(one.event.event_id, one.at)
            self.watch.sent += 1
            self.sent.append((one.event.event_id, self.clock.monotonic()))

    async def look(self) -> None:
        await self.clock.sleep(0.1)
        now = self.clock.monotonic()
        self.watch.see(
            [name for name, at in self.sent if at + self.takes <= now and name not in self.lost], now
        )


class DeadTarget(SlowTarget):
    async def send(self, batch: Sequence[Due]) -> None:
        await super().send(batch)
        raise DependencyDown(f"nobody takes {len(batch)} events")


async def driven(
    target: SlowTarget, events: Sequence[LearningEvent], rate: float | None = 50.0
) -> LoadReport:
    return await drive(
        target, target.watch, iter(events), rate=rate, patience=5.0, clock=target.clock, meter=Meter("", None)
    )


async def test_every_event_has_its_time_to_the_update() -> None:
    clock, watch = FakeClock(), Watch()
    told = await driven(SlowTarget(clock, watch, takes=1.0), EVENTS)
    assert (told.sent, told.updates, told.without_update) == (100, 100, 0)
    assert told.latency_ms is not None
    assert 1_000 <= told.latency_ms.p50 <= told.latency_ms.p95 <= told.latency_ms.longest <= 1_300
    assert "from an event to its visible update" in told.sentence()


async def test_an_update_that_never_comes_is_told_when_nothing_new_was_seen_for_long() -> None:
    clock, watch = FakeClock(), Watch()
    begin = clock.monotonic()
    lost = frozenset({EVENTS[3].event_id})
    told = await driven(SlowTarget(clock, watch, 0.2, lost), EVENTS)
    assert (told.updates, told.without_update) == (99, 1)
    assert clock.monotonic() - begin == pytest.approx(2.0 + 5.0, abs=1.0)
    assert "1 event without an update" in told.sentence()


async def test_an_event_sent_twice_waits_for_one_update() -> None:
    clock, watch = FakeClock(), Watch()
    told = await driven(SlowTarget(clock, watch, 0.1), [*EVENTS[:5], *EVENTS[:5], *EVENTS[:1]], rate=2.0)
    assert (told.sent, told.updates, told.without_update) == (11, 5, 0)


async def test_an_error_of_sending_ends_it_at_once() -> None:
    clock, watch = FakeClock(), Watch()
    begin = clock.monotonic()
    with pytest.raises(DependencyDown, match="nobody takes"):
        await driven(DeadTarget(clock, watch, 9.0), EVENTS)
    assert clock.monotonic() - begin < 1.0


def test_refused_events_are_counted_by_reason() -> None:
    watch = Watch()
    watch.expect("a", 0.0)
    watch.refuse("a", "too old")
    watch.refuse("b", "too old")
    told = watch.report(0.0)
    assert (told.refused, told.reasons, told.latency_ms, told.rate) == (2, {"too old": 2}, None, 0.0)
    assert "2: too old" in told.sentence()
    assert told.data()["latency_ms"] is None


@pytest.mark.parametrize(
    ("rate", "patience"), [(0.0, 1.0), (-1.0, 1.0), (1e9, 1.0), (None, -1.0), (float("nan"), 1.0)]
)
def test_numbers_that_cannot_be_kept_are_refused(rate: float | None, patience: float) -> None:
    with pytest.raises(InvalidInput):
        check(rate, patience)
