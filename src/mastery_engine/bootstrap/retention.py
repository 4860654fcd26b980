"""Looking at old days of the archive, and dropping them; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.retention import ArchiveRetention

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine


def retention_of(engine: Engine) -> ArchiveRetention:
    """The retention of an engine's archive and dead letters."""
    adapters = engine.adapters
    letters = OldLetters(adapters.dead_letters)
    return ArchiveRetention(adapters.archive, engine.tenants, engine.access, adapters.clock, letters)
