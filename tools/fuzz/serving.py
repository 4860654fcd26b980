"""A service whose limits are never met."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from mastery_engine.api.table import OPERATIONS
from tools import serving as service
from tools.serving import Service

_MANY: Final = 1_000_000


def serving(home: Path, settings: Mapping[str, str]) -> AbstractContextManager[Service]:
    """See `tools.serving`; the settings are beside those of a fuzz, or in their place."""
    return service.serving(home, settings_of_a_fuzz() | dict(settings))


def settings_of_a_fuzz() -> dict[str, str]:
    """Limits that are never met: what is behind them is what is asked here; they have tests of their own."""
    roles = dict.fromkeys(("student", "teacher", "admin", "service"), _MANY)
    rates = {row.name: roles for row in OPERATIONS if row.rate is not None}
    return {
        "MASTERY_RATES": json.dumps(rates),
        "MASTERY_MOST_FAILED_TOKENS": "100000",
        "MASTERY_MOST_LATE_SECONDS": "0",
        "MASTERY_LOG_LEVEL": "warning",
    }
