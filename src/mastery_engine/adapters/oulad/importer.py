"""Events of a presentation, in batches: student by student, each in order of event time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, final

from mastery_engine.adapters.oulad.apart import call_apart
from mastery_engine.adapters.oulad.events import EventMaker
from mastery_engine.adapters.oulad.plan import Plan, plan
from mastery_engine.adapters.oulad.tables import load
from mastery_engine.domain.calendar import day_of
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent

BATCH_SIZE: Final = 20_000
_PRESENTATION: Final = re.compile(r"(?P<year>20[0-9]{2})(?P<term>[BJ])\Z")
_MONTH: Final = {"B": 2, "J": 10}


def start_of(presentation: str) -> date:
    """Day 0: 1 February of a presentation B, 1 October of a J.

    Raises:
        InvalidInput: It is no name of a presentation.
    """
    match = _PRESENTATION.match(presentation)
    if match is None:
        rule = "must be a year and B or J, e.g. 2014B"
        raise InvalidInput.of(Problem("presentation", presentation[:100], rule))
    return date(int(match["year"]), _MONTH[match["term"]], 1)


def _read(folder: Path, presentation: str, module: str | None) -> tuple[tuple[str, ...], Plan]:
    tables = load(folder, presentation, module)
    return tables.modules, plan(tables)


@final
class OuladEvents:
    """Events of a presentation; iterating gives batches, and starts anew each time.

    Attributes:
        total: How many events there are.
        course_ids: Ids of the courses, sorted.
    """

    def __init__(
        self,
        folder: Path,
        presentation: str,
        module: str | None = None,
        *,
        tenant_id: str = "oulad",
        batch_size: int = BATCH_SIZE,
        apart: bool = False,
    ) -> None:
        """Read the tables and lay out the events; they themselves are made batch by batch.

        Args:
            folder: Holds the tables as CSV or Parquet files.
            presentation: E.g. `2014B`.
            module: E.g. `AAA`; None takes all modules.
            tenant_id: Tenant of the events.
            batch_size: Most events in a batch.
            apart: Read in a process of its own, so that what reading needs does not stay in memory.

        Raises:
            InvalidInput: The tables lack something or break a rule; file and column are named.
            ConfigurationError: The tables are Parquet files and pyarrow is not installed.
            DependencyDown: The process of its own has ended without an answer.
        """
        start_day = day_of(start_of(presentation))
        told = (folder, presentation, module)
        modules, self._plan = call_apart(_read, *told) if apart else _read(*told)
        self._maker = EventMaker(start_day, presentation, modules, tenant_id)
        self._batch_size = batch_size
        self.course_ids = tuple(f"{name}_{presentation}" for name in modules)
        self.total = len(self._plan.seconds)

    def __iter__(self) -> Iterator[list[LearningEvent]]:
        laid, make = self._plan, self._maker.make
        columns = (laid.seconds, laid.course, laid.student, laid.item, laid.value, laid.active)
        for first in range(0, self.total, self._batch_size):
            rows = slice(first, first + self._batch_size)
            kinds: list[int] = laid.kind[rows].tolist()
            cells = zip(*(column[rows].tolist() for column in columns), strict=True)
            yield [make[kind](row) for kind, row in zip(kinds, cells, strict=True)]
