"""Playing histories, and telling of those that fail."""

from __future__ import annotations

from typing import NamedTuple

from tools.simulation.check import Ending
from tools.simulation.code import Code, the_code
from tools.simulation.history import History


class Failure(NamedTuple):
    """A history that broke a promise."""

    seed: int
    problems: list[str]
    trace: list[str]

    def text(self) -> str:
        """For people: what, how to see it again, and what happened last."""
        return "\n".join(
            [
                f"history {self.seed} fails; play it again with SEED={self.seed}",
                *(f"  {problem}" for problem in self.problems),
                "trace:",
                *(f"  {line}" for line in self.trace),
            ]
        )


def play(seed: int, code: Code | None = None) -> Failure | None:
    """Play one history; None if every promise was kept."""
    history = History(seed, code or the_code())
    try:
        problems = list(Ending(history.play()).problems())
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is a finding
        problems = [repr(error)]
    return Failure(seed, problems, history.trace) if problems else None
