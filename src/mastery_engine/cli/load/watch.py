"""Which events wait for their update, and how long those waited that have it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final, NamedTuple, final

import numpy as np

from mastery_engine.cli.words import counted

_PERCENTILES: Final = (50, 95, 99, 100)
_MOST_REASONS: Final = 20


class Latency(NamedTuple):
    """Milliseconds from the moment at which an event was due to the one at which its update was seen.

    Attributes:
        p50: Half of the events took no longer.
        p95: 95 of 100 events.
        p99: 99 of 100 events.
        longest: The slowest one.
    """

    p50: float
    p95: float
    p99: float
    longest: float


class LoadReport(NamedTuple):
    """What became of a load.

    Attributes:
        sent: Accepted events, repeats included.
        refused: Refused at the door.
        reasons: Why: how many by reason, at most twenty reasons.
        seconds: From the first to the last one accepted.
        rate: Accepted events a second.
        updates: Events whose update was seen.
        without_update: Accepted events of which none was.
        latency_ms: None where no update was seen.
    """

    sent: int
    refused: int
    reasons: dict[str, int]
    seconds: float
    rate: float
    updates: int
    without_update: int
    latency_ms: Latency | None

    def sentence(self) -> str:
        """All of it in a few lines."""
        lines = [f"{counted(self.sent, 'event')} sent in {self.seconds:.1f} s, {self.rate:,.0f} a second"]
        if self.refused:
            lines.append(f"{counted(self.refused, 'event')} refused at the door")
            lines += [f"  {count:,}: {reason}" for reason, count in self.reasons.items()]
        if self.latency_ms is not None:
            told = self.latency_ms
            lines.append(
                f"from an event to its visible update: P50 {told.p50:,.0f} ms, P95 {told.p95:,.0f} ms, "
                f"P99 {told.p99:,.0f} ms, longest {told.longest:,.0f} ms"
            )
        if self.without_update:
            lines.append(
                f"{counted(self.without_update, 'event')} without an update: nobody folds them (mastery worker), they became "
                "dead letters (mastery dlq list), or they had counted before (take another --seed)"
            )
        return "\n".join(lines)

    def data(self) -> dict[str, object]:
        """The same for programs."""
        told = self.latency_ms
        latency = None if told is None else {name: round(value, 3) for name, value in told._asdict().items()}
        return {**self._asdict(), "latency_ms": latency}


@final
class Watch:
    """Keeps when each event was due until its update is seen."""

    def __init__(self) -> None:
        """Start with none."""
        self.sent = 0
        self.refused = 0
        self.reasons: dict[str, int] = {}
        self._waiting: dict[str, float] = {}
        self._seen: set[str] = set()
        self._took = array("d")

    @property
    def waiting(self) -> int:
        """How many events have no update yet."""
        return len(self._waiting)

    @property
    def updates(self) -> int:
        """How many have one."""
        return len(self._took)

    def expect(self, name: str, due: float) -> None:
        """Wait for the update of that name; of an event sent twice, from the first time on."""
        if name not in self._seen:
            self._waiting.setdefault(name, due)

    def refuse(self, name: str, reason: str) -> None:
        """Expect nothing of an event that was refused."""
        self._waiting.pop(name, None)
        self.refused += 1
        if reason in self.reasons or len(self.reasons) < _MOST_REASONS:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def see(self, names: Iterable[str], now: float) -> None:
        """Note updates that can be seen now; those of nobody's events here are passed over."""
        for name in names:
            due = self._waiting.pop(name, None)
            if due is not None:
                self._seen.add(name)
                self._took.append(now - due)

    def report(self, seconds: float) -> LoadReport:
        """All of it.

        Args:
            seconds: How long sending took.
        """
        latency = None
        if self._took:
            percentiles = np.percentile(np.frombuffer(self._took) * 1_000.0, _PERCENTILES)
            latency = Latency(*(float(value) for value in percentiles))
        rate = self.sent / seconds if seconds > 0.0 else 0.0
        return LoadReport(
            self.sent,
            self.refused,
            self.reasons,
            round(seconds, 3),
            round(rate, 1),
            self.updates,
            self.waiting,
            latency,
        )
