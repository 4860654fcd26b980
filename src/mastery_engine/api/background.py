"""What the service does beside answering: named tasks, each watched, started again when it fails, and ended in order.

A task is a row of `TASKS`. It works until its stop is set, and finishes what is under way. It need not wait for what is down:
an error ends this run of it, is logged, and after a pause it runs again. Until it has run for a while without one, `/ready`
tells it as degraded; the service stays ready.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, final

import structlog

from mastery_engine.bootstrap import Engine
from mastery_engine.domain.errors import Conflict, MasteryError
from mastery_engine.engine.pausing import pause
from mastery_engine.ports import Clock

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
SETTLED_SECONDS: Final = 30.0
"""Who has run for so long without an error is well again."""
ERASURES_SECONDS: Final = 2.0
"""Between two looks for erasures that wait."""
GRACE_SECONDS: Final = 10.0
"""How long a task may take to finish what is under way; one that takes longer is cancelled."""
ENDED: Final = "it has ended by itself"
_log: Final = structlog.get_logger(__name__)


class Task(NamedTuple):
    """Something that the service does beside answering.

    Attributes:
        name: Of one word; `/ready` and the log name it.
        run: Works until the event is set; may raise, and is then run again after a pause.
    """

    name: str
    run: Callable[[Engine, asyncio.Event], Awaitable[None]]


async def _jobs(engine: Engine, stop: asyncio.Event) -> None:
    await engine.job_runner.run(stop)


async def _unless_told(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> None:
    """Do work that may be left at any place and gone on with later, and leave it as soon as the stop is set."""
    doing, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (doing, told):
            task.cancel()
        await asyncio.wait({doing, told})
    if not doing.cancelled():
        doing.result()


async def _erasures(engine: Engine, stop: asyncio.Event) -> None:
    async with engine.eraser() as eraser:
        while not stop.is_set():
            try:
                await _unless_told(stop, eraser.run_once())
            except Conflict:
                # Another replica, or a command, has taken over.
                _log.info("erasures are carried out by another process")
            await pause(engine.adapters.clock, ERASURES_SECONDS, stop)


TASKS: Final = (Task("jobs", _jobs), Task("erasures", _erasures))


@final
class Watcher:
    """Runs one task, again and again if need be."""

    def __init__(self, task: Task, engine: Engine) -> None:
        """Watch a task that is not running yet."""
        self._task = task
        self._engine = engine
        self._clock: Clock = engine.adapters.clock
        self._reason: str | None = None
        self._running_since: float | None = None

    def trouble(self) -> str | None:
        """Why it does not work just now, or did not a moment ago; None while it is well."""
        return None if self._settled() else self._reason

    async def run(self, stop: asyncio.Event) -> None:
        """Run the task until the stop is set, whatever becomes of it."""
        wait = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            self._running_since = self._clock.monotonic()
            try:
                await self._task.run(self._engine, stop)
                reason = ENDED
            except MasteryError as error:
                reason = error.message
                _log.warning("a task of the service has failed", task=self._task.name, reason=reason)
            except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on and so does the task
                reason = type(error).__name__
                # Its place and not its words, which may hold what was sent.
                place = "".join(traceback.format_tb(error.__traceback__))
                _log.error(
                    "a task of the service has failed unexpectedly",
                    task=self._task.name,
                    error=reason,
                    place=place,
                )
            if stop.is_set():
                return
            wait = FIRST_PAUSE_SECONDS if self._settled() else wait
            self._reason, self._running_since = reason, None
            await pause(self._clock, wait, stop)
            wait = min(LONGEST_PAUSE_SECONDS, wait * 2)

    def _settled(self) -> bool:
        since = self._running_since
        return since is not None and self._clock.monotonic() >= since + SETTLED_SECONDS


@asynccontextmanager
async def background(
    engine: Engine, tasks: Iterable[Task] = TASKS
) -> AsyncGenerator[Mapping[str, Callable[[], str | None]]]:
    """Run tasks for as long as this is open.

    Args:
        engine: What they work with; stays open until all have ended.
        tasks: Each with a name of its own.

    Yields:
        By name of a task, why it does not work just now, None while it does.
    """
    stop = asyncio.Event()
    watchers = {task.name: Watcher(task, engine) for task in tasks}
    runs = {
        asyncio.create_task(watcher.run(stop), name=f"background {name}")
        for name, watcher in watchers.items()
    }
    try:
        yield {name: watcher.trouble for name, watcher in watchers.items()}
    finally:
        stop.set()
        await _ended(runs)


async def _ended(runs: set[asyncio.Task[None]]) -> None:
    if not runs:
        return
    # Seconds of the machine: a test's clock stands still, and this must end there too.
    _, late = await asyncio.wait(runs, timeout=GRACE_SECONDS)
    for run in late:
        _log.warning("a task of the service did not end in time and is cancelled", task=run.get_name())
        run.cancel()
    if late:
        await asyncio.wait(late)
