"""What a worker works with; imported where somebody folds, for a reading command starts sooner without it."""

from __future__ import annotations

from random import SystemRandom
from typing import TYPE_CHECKING

from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.housekeeping import REQUESTS_KEPT_MS, RESULTS_KEPT_MS, Housekeeping, LogRetention
from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.process import Processor
from mastery_engine.engine.step import Ports
from mastery_engine.ports import LogConsumer

if TYPE_CHECKING:
    from mastery_engine.bootstrap.foundation import Foundation


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


def housekeeping_of(foundation: Foundation) -> Housekeeping:
    """Clearing away what has outlived its retention."""
    adapters = foundation.adapters
    if adapters.apart is not None:
        # Kafka drops old records by itself, and the archive's old days are the archiver's.
        return Housekeeping(adapters.store, None, foundation.tenants, [], adapters.clock)
    logs = [LogRetention(adapters.log, REQUESTS_KEPT_MS, foundation.group)]
    if adapters.results_log is not None:
        logs.append(LogRetention(adapters.results_log, RESULTS_KEPT_MS, None))
    letters = OldLetters(adapters.dead_letters)
    return Housekeeping(adapters.store, adapters.archive, foundation.tenants, logs, adapters.clock, letters)
