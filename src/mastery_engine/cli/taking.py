"""Taking many events in: batch after batch, told as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.cli.intake_report import IntakeReport
from mastery_engine.cli.progress import Meter
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.ingest import Receipt
from mastery_engine.engine.landing import Landing

BATCH: Final = 5_400
FOLDED: Final = 2_700
MANY: Final = 20_000
"""Events from which a second process folds: it takes a third of a second to start."""

Batch = tuple[Sequence[LearningEvent | InvalidInput], int]
"""Events, and how far they bring the meter."""


async def take_all(
    engine: Engine,
    batches: Iterable[Batch],
    meter: Meter,
    *,
    fresh: bool = False,
    many: bool = False,
    each: Callable[[list[Receipt]], None] | None = None,
) -> IntakeReport:
    """Take all events in; when this returns they are folded, or Kafka has them.

    Args:
        engine: Open.
        batches: At most `BATCH` events each.
        meter: Shows how far it is; entered.
        fresh: Nothing of these events can be there yet.
        many: So many that a process of its own for folding is worth its start.
        each: Given the receipts of each batch, to tell of refused ones; without it the report tells why.

    Raises:
        ConfigurationError: A topic is not as it must be.
        DependencyDown: Log or store does not answer.
    """
    configure_logs(engine.settings)
    if engine.adapters.apart is not None:
        await engine.adapters.apart.topics.check()
    report = IntakeReport()
    landing = Landing()
    waited = False

    def waits(reason: str) -> None:
        nonlocal waited
        waited = True
        meter.say(f"{reason}: events are appended, and this waits until they are folded")

    async with engine.intake(FOLDED, apart=many).open(waits=waits) as taking:
        for events, amount in batches:
            receipts = await taking.take(events, fresh=fresh)
            for receipt in receipts:
                if receipt.already:
                    report.already += 1
                elif receipt.error is not None:
                    report.refused += 1
                else:
                    report.accepted += 1
            landing.add(receipt.position for receipt in receipts if receipt.position is not None)
            if each is None:
                report.count_reasons(receipts)
            else:
                each(receipts)
            meter.advance(amount, len(events))
    report.folded = taking.total.folded
    report.answered = taking.total.answered
    report.repeats = taking.total.repeats
    report.dead_letters = taking.total.refused
    if waited:
        adapters = engine.adapters
        found = await landing.dead_letters(adapters.dead_letters, await adapters.log.topic_id())
        report.dead_letters = max(found, report.dead_letters)
    report.acknowledged = not taking.folds
    report.folded_by_another = taking.folds and not taking.folds_here
    report.seconds = round(meter.seconds, 3)
    return report
