"""How events stand in the records of a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent


class EventCodec(Protocol):
    """Reads events out of records' values, and writes them there."""

    async def decode(self, values: Sequence[bytes]) -> list[LearningEvent | InvalidInput]:
        """The event of each value, in order, or why there is none.

        Raises:
            DependencyDown: A value needs a schema, and the registry is silent.
        """
        ...

    async def encode(self, events: Sequence[LearningEvent]) -> list[bytes]:
        """The value of each event, in order.

        Raises:
            DependencyDown: The registry is silent.
            ConfigurationError: The schema of an event is not registered.
        """
        ...
