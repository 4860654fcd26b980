"""Who asks by a tool, and how often: told apart for each way in, the same for every tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, final

from msgspec import Struct

from mastery_engine.bootstrap import Engine
from mastery_engine.engine.access import Caller

Admit = Callable[[Caller, str], Awaitable[None]]
"""Lets a caller pass by the limit of the route that does the same, or raises what says why not."""
Count = Callable[[str, str], None]
"""Is told the name of a tool that was called, and `OK` or the code of the error."""
OK: Final = "ok"


def count_nothing(tool: str, outcome: str) -> None:
    """For who sits at the machine: nobody watches."""
    del tool, outcome


@final
class Asking(Struct, frozen=True):
    """One request.

    Attributes:
        engine: Answers.
        caller: Who asks.
        admit: Counts it.
        count: Counts what came of a call of a tool; to HTTP each one is answered 200.
    """

    engine: Engine
    caller: Caller
    admit: Admit
    count: Count = count_nothing


async def admit_all(caller: Caller, name: str) -> None:
    """For who sits at the machine: as often as they like."""
    del caller, name
