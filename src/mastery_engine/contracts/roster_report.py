"""What an import of classes changes, as it is told."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from mastery_engine.domain.enrolment import ClassChange, Mode


class RosterReport(Struct, frozen=True, kw_only=True):
    """What an import changes.

    Attributes:
        mode: Whether who is not told of leaves (`replace`) or stays (`merge`).
        dry_run: Whether it was only looked at.
        day: Today in the school's time zone; who leaves has left by the day before.
        classes: How many were told of.
        unchanged: How many of them stay as they are.
        changes: What becomes of the others, by id.
    """

    mode: Mode
    dry_run: bool
    day: date
    classes: int
    unchanged: int
    changes: tuple[ClassChange, ...]
