"""What the doctor looks at for a store that was lost and made anew in silence: the archive remembers what was there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mastery_engine.bootstrap import Engine
from mastery_engine.cli.check import FAULTS, Check, failed
from mastery_engine.contracts import keys

LOSSES: Final = "losses"
"""Name of the check."""
_MOST_SCHOOLS: Final = 5


async def losses(engine: Engine) -> list[Check]:
    """One warning for each store that is empty beside a full archive; one check that is well where there is none."""
    try:
        schools = await engine.adapters.archive.tenants()
        if not schools:
            return []
        said = [words for words in (await _state(engine, schools), await _log(engine, schools)) if words]
    except FAULTS as error:
        return [failed(LOSSES, error, engine.settings.home)]
    if not said:
        return [Check(name=LOSSES, outcome="ok", message="state and log hold something, as the archive does")]
    return [Check(name=LOSSES, outcome="warning", message=words) for words in said]


async def _state(engine: Engine, schools: Sequence[str]) -> str:
    # The first learner that is found is enough: this is about a store that is gone, and a look at each key takes long.
    for school in schools:
        async for names in engine.adapters.store.scan(keys.learner(school, "")):
            if any(map(keys.is_document, names)):
                return ""
    return (
        f"the state store has no learner, but the archive has events of {_listed(schools)}: the state was lost. Put it back "
        f"from a backup, or rebuild each school with: mastery replay --all --tenant {schools[0]}"
    )


async def _log(engine: Engine, schools: Sequence[str]) -> str:
    # Offsets go on counting where a log is trimmed: only one that never held a record ends at 0 everywhere.
    if any((await engine.adapters.log.ends()).values()):
        return ""
    return (
        "the event log never held a record, but the archive has events: the log was lost. What was not folded yet is gone "
        "with it: send it again, nothing counts twice. Whether the state holds what the archive does, for each school: "
        f"mastery replay --all --dry-run --tenant {schools[0]} (without --dry-run it is mended)"
    )


def _listed(schools: Sequence[str]) -> str:
    more = len(schools) - _MOST_SCHOOLS
    return ", ".join(schools[:_MOST_SCHOOLS]) + (f" and {more:,} more" if more > 0 else "")
