"""Dead letters sent again, told as it goes."""

from __future__ import annotations

from collections.abc import Sequence

from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.session import Session
from mastery_engine.cli.words import counted
from mastery_engine.contracts.reprocessing import Reprocessing
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.letters import MOST_LISTED
from mastery_engine.engine.reprocessing import Pace, reprocess_many


async def reprocessed(
    session: Session, ids: Sequence[str] | None, tenant_id: str | None, rate: float | None, *, dry_run: bool
) -> list[Reprocessing]:
    """Send letters again, and fold what was sent.

    Args:
        session: Open.
        ids: Of the letters; None means every open one.
        tenant_id: Of one school only, where all are meant.
        rate: Events a second at most.
        dry_run: Only look.

    Raises:
        DependencyDown: In the middle; how far it came was told, and what was sent is in the log.
    """
    engine, caller = session
    pace = Pace(engine.adapters.clock, rate)
    wanted = await _all_open(session, tenant_id) if ids is None else list(dict.fromkeys(ids))
    outcomes: list[Reprocessing] = []
    if engine.adapters.apart is not None and not dry_run:
        await engine.adapters.apart.topics.check()
    with Meter("reprocess", len(wanted)) as meter:

        def told(outcome: Reprocessing) -> None:
            outcomes.append(outcome)
            meter.advance(1, outcome.outcome == "sent")

        try:
            await reprocess_many(engine.letters, caller, wanted, pace, told, dry_run=dry_run)
        except DependencyDown:
            sent = sum(one.outcome == "sent" for one in outcomes)
            meter.say(f"{counted(sent, 'event')} sent before that; the same command goes on with the others")
            raise
    if any(outcome.outcome == "sent" for outcome in outcomes):
        configure_logs(engine.settings)
        async with engine.intake().open():
            pass
    return outcomes


async def _all_open(session: Session, tenant_id: str | None) -> list[str]:
    engine, caller = session
    found: list[str] = []
    while part := await engine.letters.list(
        caller, after=found[-1] if found else None, limit=MOST_LISTED, tenant_id=tenant_id
    ):
        found += [letter.letter_id for letter in part]
    return found
