"""Who asks by a tool, and how often: told apart for each way in, the same for every tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import final

from msgspec import Struct

from mastery_engine.bootstrap import Engine
from mastery_engine.engine.access import Caller

Admit = Callable[[Caller, str], Awaitable[None]]
"""Lets a caller pass by the limit of the route that does the same, or raises what says why not."""


@final
class Asking(Struct, frozen=True):
    """One request.

    Attributes:
        engine: Answers.
        caller: Who asks.
        admit: Counts it.
    """

    engine: Engine
    caller: Caller
    admit: Admit


async def admit_all(caller: Caller, name: str) -> None:
    """For who sits at the machine: as often as they like."""
    del caller, name
