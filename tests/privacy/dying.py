"""A process that dies at the nth call that it makes, and makes none after that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from mastery_engine.engine.erasure.parts import ErasurePorts, Topic
from mastery_engine.ports import ErasableLog
from tests.faults.meddling import Killed

_READS: Final = frozenset(
    ("get_many", "find", "get", "list", "of_student", "students", "waiting", "ping", "latest")
)
_PORTS: Final = ("store", "archive", "dead_letters", "rosters", "ledger", "requests", "cache")


class Life:
    """How many changes a process still makes.

    Attributes:
        changes: How many it has made.
        last: Name of the change that it died of.
    """

    def __init__(self, changes_left: int, *, before: bool) -> None:
        """Let it make some.

        Args:
            changes_left: It dies of the next one.
            before: Whether it dies before that one is made; else before it hears of it.
        """
        self.changes = 0
        self.last = ""
        self._left = changes_left
        self._before = before
        self._dead = False

    def of(self, ports: ErasurePorts) -> ErasurePorts:
        """Ports of this process."""
        mortal: dict[str, Any] = {
            name: Mortal(port, self, name) for name in _PORTS if (port := getattr(ports, name)) is not None
        }
        topics = [
            Topic(cast("ErasableLog", Mortal(topic.log, self, topic.log.topic)), topic.kept_ms, topic.blank)
            for topic in ports.topics
        ]
        raw = [Mortal(one, self, "raw") for one in ports.raw]
        return msgspec.structs.replace(ports, **mortal, topics=topics, raw=raw)

    async def live(self, call: Callable[[], Any], name: str, *, change: bool) -> Any:
        """Make a call, if that is granted."""
        if self._dead:
            raise Killed
        if not change:
            return await call()
        self.changes += 1
        dying = self.changes > self._left
        if dying:
            self._dead, self.last = True, name
        if dying and self._before:
            raise Killed
        answer = await call()
        if dying:
            raise Killed
        return answer


class Mortal:
    """A port as a process has it."""

    def __init__(self, port: Any, life: Life, name: str) -> None:
        self._port = port
        self._life = life
        self._name = name

    def __getattr__(self, name: str) -> Any:
        original = getattr(self._port, name)
        if not callable(original) or name == "scan":
            return original

        async def mortal(*arguments: Any, **named: Any) -> Any:
            def call() -> Any:
                return original(*arguments, **named)

            return await self._life.live(call, f"{self._name}.{name}", change=name not in _READS)

        return mortal
