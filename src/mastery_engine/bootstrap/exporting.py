"""Exports of all that is held; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.student_export import ExportPorts, StudentExports

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine


def student_exports_of(engine: Engine) -> StudentExports:
    """Exports of an engine's students."""
    ours = engine.adapters
    ports = ExportPorts(
        store=ours.store,
        archive=ours.archive,
        dead_letters=ours.dead_letters,
        audit=ours.audit,
        rosters=ours.rosters,
        requests=ours.privacy_requests,
        clock=ours.clock,
    )
    return StudentExports(
        ports, engine.tenants, engine.settings_of_tenants, engine.choice, engine.access, engine.pseudonyms
    )
