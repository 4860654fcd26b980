"""Jobs that name a student, taken away whole with their results."""

from __future__ import annotations

from collections import Counter
from typing import Final, final

import structlog

from mastery_engine.contracts.job import DamagedJob
from mastery_engine.contracts.traces import Person, Traces
from mastery_engine.engine.jobs import Jobs

_log: Final = structlog.get_logger(__name__)


@final
class JobScrubber:
    """Forgets jobs, by the lists of them: so that it does where a store does not list its keys."""

    name: str = "jobs"

    def __init__(self, jobs: Jobs) -> None:
        """Scrub these."""
        self._jobs = jobs

    async def scrub(self, traces: Traces) -> Counter[Person]:
        """See `Scrubber`."""
        found: Counter[Person] = Counter()
        for person in sorted(traces.people):
            try:
                found[person] += await self._jobs.forget(*person)
            except DamagedJob:
                # Nobody can read the list any more; values that mention the student are swept all the same.
                _log.warning("the list of jobs is damaged; they are swept by their values")
        return found
