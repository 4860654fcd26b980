"""On whose data a command works: a service's, this machine's, or none."""

from __future__ import annotations

import os
from typing import Final

SERVER: Final = "MASTERY_SERVER"
ASKS_A_SERVICE: Final = frozenset(
    {
        "show",
        "history",
        "forecast",
        "recommend",
        "compare",
        "calculate",
        "ingest",
        "cohort list",
        "cohort show",
    }
)
"""Those with `--server`: they go where it, or the variable, says."""
NEEDS_NO_DATA: Final = frozenset(
    {
        # Its folder is its own.
        "demo",
        # Into a file, or to where its own options say; where it takes events in here, it refuses by itself.
        "simulate",
        "formula list",
        "formula show",
        "privacy verify-export",
        "backup verify",
        "token create",
        # They make or check what a service consists of.
        "serve",
        "worker",
        "archiver",
        "db upgrade",
        "db check",
        "topics apply",
        "topics check",
        "schemas register",
        "schemas check",
        "openapi",
        "doctor",
    }
)
"""Those for which it does not matter which service is named."""
WORKS_HERE: Final = frozenset(
    {
        "mcp",
        "import oulad",
        "export results",
        "replay",
        "dlq list",
        "dlq show",
        "dlq fix",
        "dlq reprocess",
        "dlq discard",
        "cohort put",
        "cohort import",
        "tenant create",
        "tenant list",
        "tenant show",
        "tenant set",
        "tenant export",
        "tenant erase",
        "privacy requests",
        "privacy show",
        "privacy erase",
        "privacy lift",
        "privacy export",
        "privacy retention",
        "privacy restrict",
        "privacy unrestrict",
        "archive retention",
        "audit verify",
        "audit list",
        "audit heads",
        "state show",
        "state complete",
        "token revoke",
        "backup create",
        "backup restore",
    }
)
"""Those that know only the data which the settings of this machine name."""


def refuse_a_service(command: str) -> None:
    """Refuse to work here while the environment names a service: what is done here, that service would not know.

    Args:
        command: Its name, for the message.

    Raises:
        InvalidInput: A service is named.
    """
    if not os.environ.get(SERVER):
        return
    from mastery_engine.domain.errors import InvalidInput

    raise InvalidInput(
        f"{SERVER} names a service, and `mastery {command}` cannot ask one: it works on the data that the settings of this "
        f"machine name. Run it where the service runs; or unset {SERVER}, if the data here is meant"
    )
