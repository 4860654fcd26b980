"""The class that the simulated students form."""

from __future__ import annotations

from typing import Final

from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.simulator.kinds import student_id_of
from mastery_engine.simulator.settings import SchoolSettings

TEACHER: Final = "ms-lovelace"


def roster(settings: SchoolSettings, cohort_id: str = "class-1", name: str = "Class 1") -> Cohort:
    """A class of all students of the school, from the first day of the term on, with one teacher."""
    return Cohort(
        cohort_id=cohort_id,
        name=name,
        teachers=(Membership(person_id=TEACHER, start=settings.start),),
        students=tuple(
            Membership(person_id=student_id_of(place), start=settings.start)
            for place in range(settings.students)
        ),
    )
