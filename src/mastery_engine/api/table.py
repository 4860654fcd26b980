"""All routes: one table, from which come the application, the document, the limits and the tests of access."""

from __future__ import annotations

from typing import Any, Final

from mastery_engine.api import readiness
from mastery_engine.api.routes import (
    analytics,
    audit,
    batch,
    cohorts,
    dapr,
    explorer,
    exports,
    jobs,
    letters,
    mastery,
    metrics,
    predictions,
    privacy,
    process,
    recommendations,
    restriction,
    roster_import,
    service,
    stream,
    students,
    tokens,
)

_AREAS: Final = (
    service,
    metrics,
    explorer,
    mastery,
    students,
    stream,
    predictions,
    recommendations,
    analytics,
    batch,
    jobs,
    cohorts,
    roster_import,
    letters,
    audit,
    tokens,
    exports,
    restriction,
    privacy,
    process,
    dapr,
)
OPERATIONS: Final = tuple(operation for area in _AREAS for operation in area.OPERATIONS)
TYPES: Final[dict[str, Any]] = {name: model for area in _AREAS for name, model in area.TYPES.items()}
"""Names in the document and the types behind them."""
ROUTERS: Final = (*(area.router for area in _AREAS), readiness.router)
