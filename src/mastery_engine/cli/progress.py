"""How far long work is, on a terminal's standard error only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@final
class Meter:
    """A bar with rate and time left; silent where nobody looks."""

    def __init__(self, what: str, total: int | None, unit: str = "events") -> None:
        """Prepare the bar.

        Args:
            what: What is done.
            total: Of whatever `advance` counts; None if it is not known.
            unit: What the rate counts.
        """
        self._unit = unit
        self._what = what
        self._total = total
        self._events = 0
        self._began = 0.0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TaskProgressColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total, rate="")
        return self

    def turn_to(self, what: str, total: int | None) -> None:
        """Tell what is done from now on, and what it comes to in all; nothing, if that is known already."""
        if (what, total) == (self._what, self._total):
            return
        self._what, self._total, self._events, self._began = what, total, 0, time.monotonic()
        if self._bar is not None and self._task is not None:
            self._bar.reset(self._task, total=total, description=what)

    def advance(self, amount: int, events: int) -> None:
        """Tell what was done since the last call.

        Args:
            amount: In the unit of the total.
            events: How many events that were.
        """
        self._events += events
        if self._bar is not None and self._task is not None:
            seconds = time.monotonic() - self._began
            rate = f"{self._events:,} {self._unit}, {self._events / max(seconds, 1e-3):,.0f}/s"
            self._bar.update(self._task, advance=amount, rate=rate)

    def say(self, text: str) -> None:
        """Say something beside the bar."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            sys.stderr.write(text + "\n")

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
