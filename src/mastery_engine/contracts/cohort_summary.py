"""A class as a list tells it."""

from __future__ import annotations

from msgspec import Struct


class CohortSummary(Struct, frozen=True, kw_only=True):
    """A class in a list.

    Attributes:
        cohort_id: Which.
        name: What people call it.
        teachers: Who teaches it today, in order.
        students: How many are in it today.
    """

    cohort_id: str
    name: str
    teachers: list[str]
    students: int
