"""What a worker works with; imported where somebody folds, for a reading command starts sooner without it."""

from __future__ import annotations

from random import SystemRandom
from typing import TYPE_CHECKING

from mastery_engine.bootstrap.retention import retention_of
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.housekeeping import REQUESTS_KEPT_MS, RESULTS_KEPT_MS, Housekeeping, LogRetention
from mastery_engine.engine.process import Processor
from mastery_engine.engine.step import Ports
from mastery_engine.engine.work import TIDY_SECONDS
from mastery_engine.ports import LogConsumer

if TYPE_CHECKING:
    from mastery_engine.bootstrap.foundation import Foundation
    from mastery_engine.bootstrap.use_cases import UseCases


def processor_of(foundation: Foundation, consumer: LogConsumer) -> Processor:
    """A processor of the log."""
    adapters = foundation.adapters
    ports = Ports(
        log=adapters.log,
        consumer=consumer,
        store=adapters.store,
        results=adapters.results,
        dead_letters=adapters.dead_letter_sink,
        archive=adapters.archive if adapters.apart is None else None,
        clock=adapters.clock,
        codec=adapters.codec,
        chance=SystemRandom().random,
    )
    derived = DerivedKeys(foundation.lifetimes, foundation.settings.derived_keys)
    return Processor(
        ports, foundation.tenants, foundation.choice, foundation.pseudonyms, foundation.lifetimes, derived
    )


def housekeeping_of(cases: UseCases) -> Housekeeping:
    """Clearing away what has outlived its retention; unless that is off, what the logs keep no longer alone."""
    adapters, is_on = cases.adapters, cases.settings.retention_every_seconds > 0
    if adapters.apart is not None:
        # Kafka drops old records by itself, and the archive's old days are the archiver's.
        return Housekeeping(adapters.store if is_on else None, None, cases.tenants, [], adapters.clock)
    logs = [LogRetention(adapters.log, REQUESTS_KEPT_MS, cases.group)]
    if adapters.results_log is not None:
        logs.append(LogRetention(adapters.results_log, RESULTS_KEPT_MS, None))
    retention = retention_of(cases) if is_on else None
    return Housekeeping(None, retention, cases.tenants, logs, adapters.clock)


def tidy_seconds(cases: UseCases) -> float:
    """Time between two clearings."""
    return cases.settings.retention_every_seconds or TIDY_SECONDS
