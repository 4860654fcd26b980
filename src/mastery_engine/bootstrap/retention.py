"""Looking at old days of the archive, and dropping them; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.retention import ArchiveRetention

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine


def retention_of(engine: Engine) -> ArchiveRetention:
    """The retention of an engine's archive."""
    adapters = engine.adapters
    return ArchiveRetention(adapters.archive, engine.tenants, engine.access, adapters.clock)
