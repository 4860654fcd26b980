"""Results of every student of a tenant, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.results_export import StudentResults, scope_result
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import NotFound
from mastery_engine.engine.access import Caller
from mastery_engine.engine.reading import Reader, Reading
from mastery_engine.ports import StateStore

STUDENTS_A_BATCH: Final = 500


@final
class Exports:
    """Exports of a tenant's data."""

    def __init__(self, reader: Reader, store: StateStore) -> None:
        """Put the parts together."""
        self._reader = reader
        self._store = store

    async def results(self, caller: Caller, as_of: date | None = None) -> AsyncIterator[list[StudentResults]]:
        """Every student with an event up to a day, ordered by id, some hundreds at a time.

        Only the ids are held as a whole. Each batch is on record before it is given.

        Args:
            caller: Who asks.
            as_of: Day at whose end the results hold; None means today.

        Raises:
            NotFound: No such tenant.
            NotAllowed: The caller's role may not.
            HistoryNotKept: The day is before the kept ones of a student.
        """
        tenant, day = await self._reader.day(caller, as_of)
        # The day once and for all, though midnight may come meanwhile; and nobody's id is read unallowed.
        on = date_of(day)
        await self._reader.access.permit(caller, "results.export", [], self._reader.today(tenant))
        students = await self._students(caller.tenant_id)
        for first in range(0, len(students), STUDENTS_A_BATCH):
            batch = students[first : first + STUDENTS_A_BATCH]
            readings = await self._reader.many(caller, "results.export", batch, on)
            found = (_results(readings[student]) for student in batch if student in readings)
            yield [results for results in found if results is not None]

    async def _students(self, tenant_id: str) -> list[str]:
        prefix = keys.learner(tenant_id, "")
        students: set[str] = set()
        async for batch in self._store.scan(prefix):
            named = (keys.student_of_document(key, prefix) for key in batch)
            students.update(student for student in named if student is not None)
        return sorted(students)


def _results(reading: Reading) -> StudentResults | None:
    try:
        overall = scope_result(reading.result(None))
    except NotFound:
        return None
    courses = {
        course: scope_result(reading.result(course)) for course in reading.state.course_ids(reading.day)
    }
    return StudentResults(
        student_id=reading.student_id, as_of=reading.as_of, overall=overall, courses=courses
    )
