"""Looking at what has outlived its school's retention, and dropping it; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.retention import Retention

if TYPE_CHECKING:
    from mastery_engine.bootstrap.use_cases import UseCases


def retention_of(cases: UseCases, *, with_keys: bool = True) -> Retention:
    """The retention of an engine's archive, dead letters and keys.

    Args:
        cases: The engine.
        with_keys: Whether to look at the state store too.
    """
    ours = cases.adapters
    letters, store = OldLetters(ours.dead_letters, cases.tenants), ours.store if with_keys else None
    return Retention(ours.archive, cases.tenants, cases.access, ours.clock, letters, store)
