"""The loop of whoever reads the log: step after step; what is down is waited for, and said so.

Before the first step, once a minute, and after whatever had to be waited for, the state store is looked at: one that would lose
keys, or whose clock is not ours, must not be folded into.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol, final

import structlog

from mastery_engine.domain.errors import DependencyDown, NewerVersion
from mastery_engine.engine.error_kinds import ErrorKind, kind_of
from mastery_engine.engine.housekeeping import Housekeeping
from mastery_engine.engine.pausing import pause
from mastery_engine.engine.process import Processor
from mastery_engine.engine.step import StepLate, StepReport, summed
from mastery_engine.ports import Clock, LogConsumer

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 10.0
IDLE_POLL_SECONDS: Final = 0.25
TIDY_SECONDS: Final = 3_600.0
CHECK_SECONDS: Final = 60.0
_SMALLER: Final = 4
_LARGER: Final = 2

_log: Final = structlog.get_logger(__name__)


class Waiting(NamedTuple):
    """Why something waits.

    Attributes:
        since_ms: Since when, Unix milliseconds; None where nobody has noted it.
    """

    reason: str
    since_ms: int | None = None


class Steps(Protocol):
    """What is done step by step."""

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        """Do one step, of `limit` records at most; nothing polled means that nothing is left."""
        ...


class Runner:
    """Does steps until it is told to stop.

    Attributes:
        total: What all steps together did.
        waiting: Why it waits, None while it works; `/ready` tells it.
        errors: How often it had to wait, by kind of error.
    """

    def __init__(
        self,
        steps: Steps,
        consumer: LogConsumer,
        clock: Clock,
        batch_size: int,
        housekeeping: Housekeeping | None = None,
        check: Callable[[], Awaitable[None]] | None = None,
        tidy_seconds: float = TIDY_SECONDS,
    ) -> None:
        """Put the parts together.

        Args:
            steps: Does a step.
            consumer: Whose records a step takes, to be rewound after a failed one.
            clock: For the waits.
            batch_size: Most records in a step.
            housekeeping: Done by `run` at its start and from time to time, between two steps.
            check: Sees that what steps write to can be relied on; an error of it is one of the step that it comes before.
            tidy_seconds: From one housekeeping to the next.
        """
        self._check = check
        self._tidy_seconds = tidy_seconds
        self._checked = float("-inf")
        self._housekeeping = housekeeping
        self._tidied = float("-inf")
        self._steps = steps
        self._consumer = consumer
        self._clock = clock
        self._batch_size = batch_size
        self.total = StepReport()
        self.waiting: Waiting | None = None
        self.errors: Counter[ErrorKind] = Counter()
        self._size = batch_size
        self._unfinished = False

    @property
    def waiting_for(self) -> str | None:
        """Why it waits, None while it works."""
        return None if self.waiting is None else self.waiting.reason

    async def drain(self, progress: Callable[[StepReport], None] | None = None) -> StepReport:
        """Work until nothing is left; a dependency that is down is an error here.

        Args:
            progress: Told of each step.

        Returns:
            What all steps together did, those of earlier calls included.

        Raises:
            DependencyDown: A store or the log does not answer; call again, and it goes on where it was.
            StepLate: A step took too long; as above.
        """
        while True:
            report = await self._step()
            if not report.polled:
                return self.total
            if progress is not None:
                progress(report)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the step under way is finished.

        A dependency that is down pauses the work, with waits from 0.2 to 10 seconds; nothing goes to the dead
        letters for it. Any other error ends the work.
        """
        wait = FIRST_WAIT_SECONDS
        while not stop.is_set():
            try:
                await self._look()
                await self._tidy()
                await self._step(IDLE_POLL_SECONDS)
            except (DependencyDown, NewerVersion, StepLate) as error:
                kind = kind_of(error)
                self.errors[kind] += 1
                if self.waiting is None:
                    _log.warning("processing waits", kind=kind, reason=error.message)
                    self.waiting = Waiting(error.message, self._clock.now_ms())
                self.waiting = self.waiting._replace(reason=error.message)
                await pause(self._clock, wait, stop)
                wait = min(LONGEST_WAIT_SECONDS, wait * 2)
            else:
                if self.waiting is not None:
                    _log.warning("processing goes on")
                self.waiting = None
                wait = FIRST_WAIT_SECONDS

    async def _step(self, wait_seconds: float = 0.0) -> StepReport:
        """One step; after one that did not end well, its records again, for nothing may be passed over.

        After one that took too long, fewer of them: what is too much for one step may be little enough for several.
        """
        await self._look()
        if self._unfinished:
            await self._consumer.rewind()
        self._unfinished = True
        try:
            report = await self._steps.step(self._size, wait_seconds)
        except StepLate:
            self._size = max(1, self._size // _SMALLER)
            raise
        except DependencyDown:
            # What comes back may be another server, or the same with other settings.
            self._checked = float("-inf")
            raise
        self._unfinished = False
        if report.polled:
            self._size = min(self._batch_size, self._size * _LARGER)
        self.total = summed([self.total, report])
        return report

    async def _look(self) -> None:
        if self._check is not None and self._clock.monotonic() >= self._checked + CHECK_SECONDS:
            await self._check()
            self._checked = self._clock.monotonic()

    async def _tidy(self) -> None:
        if self._housekeeping is not None and self._clock.monotonic() >= self._tidied + self._tidy_seconds:
            cleared = await self._housekeeping.clear()
            self._tidied = self._clock.monotonic()
            _log.info(
                "cleared away",
                keys=cleared.keys,
                archived=cleared.archived,
                records=cleared.records,
                letters=cleared.letters,
            )


@final
class Worker(Runner):
    """Runs a processor."""

    def __init__(
        self,
        processor: Processor,
        consumer: LogConsumer,
        clock: Clock,
        batch_size: int,
        housekeeping: Housekeeping | None = None,
        check: Callable[[], Awaitable[None]] | None = None,
        tidy_seconds: float = TIDY_SECONDS,
    ) -> None:
        """Put the parts together; see `Runner`."""
        super().__init__(processor, consumer, clock, batch_size, housekeeping, check, tidy_seconds)
        self._processor = processor

    async def complete(self) -> int:
        """Fold what waits, then finish every outcome that has no `processed:` record; see `Processor.complete`.

        Returns:
            How many outcomes were finished.

        Raises:
            DependencyDown: As in `drain`.
            StepLate: As in `drain`.
        """
        await self.drain()
        return await self._processor.complete()
