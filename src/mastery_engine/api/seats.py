"""How many streams are open: a stream holds a connection, so there is a bound for each caller and for the process."""

from __future__ import annotations

from collections import Counter
from typing import Final, final

from mastery_engine.api.errors import Refusal
from mastery_engine.engine.access import Caller

MOST_OF_A_CALLER: Final = 100
MOST_OF_A_PROCESS: Final = 2_000
_AGAIN_SECONDS: Final = {"Retry-After": "10"}


@final
class Seats:
    """Counts open streams."""

    def __init__(self, of_a_caller: int = MOST_OF_A_CALLER, of_a_process: int = MOST_OF_A_PROCESS) -> None:
        """Nobody is there.

        Args:
            of_a_caller: Most streams of one caller; a teacher has one for each student of a class.
            of_a_process: Most of all together.
        """
        self._of_a_caller = of_a_caller
        self._of_a_process = of_a_process
        self._taken: Counter[tuple[str, str, str]] = Counter()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    def take(self, caller: Caller) -> None:
        """Take a seat, to be left again.

        Raises:
            Refusal: There is none left for this caller, or for anybody.
        """
        name = _name(caller)
        if self._taken[name] >= self._of_a_caller:
            message = f"you have {self._of_a_caller} streams open here; close one first"
            raise Refusal("RATE_LIMITED", message, headers=_AGAIN_SECONDS)
        if self.taken >= self._of_a_process:
            message = "as many streams are open as this process serves; try again"
            raise Refusal("SERVICE_UNAVAILABLE", message, headers=_AGAIN_SECONDS)
        self._taken[name] += 1

    def leave(self, caller: Caller) -> None:
        """Leave a seat that was taken."""
        name = _name(caller)
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]


def _name(caller: Caller) -> tuple[str, str, str]:
    return caller.tenant_id, caller.role, caller.subject
