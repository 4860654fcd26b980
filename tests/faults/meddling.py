"""Ports that do something to the world, or fail, at a moment that the test names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import structlog

from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import Event
from mastery_engine.domain.learner import LearnerState
from mastery_engine.ports import Record
from tests.unit.engine.house import event_id

Happening = Callable[[], Awaitable[None]]


class Killed(BaseException):
    """The process is gone."""


class Meddling:
    """A port whose calls of one method, from the `nth` on, first run a happening, once.

    Attributes:
        calls: How often the method was called.
    """

    def __init__(self, port: Any, method: str, nth: int, happening: Happening) -> None:
        self._port = port
        self._method = method
        self._nth = nth
        self._happening: Happening | None = happening
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._port, name)
        if name != self._method:
            return original

        async def meddled(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls >= self._nth and self._happening is not None:
                happening, self._happening = self._happening, None
                await happening()
            return await original(*arguments, **named)

        return meddled


class Failing:
    """A port whose method fails as long as there are errors left."""

    def __init__(self, port: Any, method: str, *errors: BaseException) -> None:
        self._port = port
        self._method = method
        self.errors = list(errors)

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._port, name)
        if name != self._method:
            return original

        async def failing(*arguments: Any, **named: Any) -> Any:
            if self.errors:
                raise self.errors.pop(0)
            return await original(*arguments, **named)

        return failing


class Holding:
    """A consumer that has polled these records long ago: a zombie's."""

    def __init__(self, topic_id: str, records: list[Record]) -> None:
        self.topic_id = topic_id
        self._records = records

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        del limit, wait_seconds
        records, self._records = self._records, []
        return records

    async def commit(self, offsets: Mapping[int, int]) -> None:
        del offsets

    async def committed(self) -> dict[int, int]:
        return {0: 1}


def down() -> DependencyDown:
    return DependencyDown("the test has pulled the plug")


@contextmanager
def poison(number: int, error: Exception | None = None, times: int = 1_000) -> Generator[list[int]]:
    """Folding this event raises, that many times."""
    fold: Any = LearnerState.fold
    left = [times]

    def poisoned(state: LearnerState, event: Event, day: int, retention_days: int | None) -> None:
        if event.event_id == event_id(number) and left[0] > 0:
            left[0] -= 1
            raise error or ZeroDivisionError("poison")
        fold(state, event, day, retention_days)

    with patch.object(LearnerState, "fold", poisoned), structlog.testing.capture_logs():
        yield left
