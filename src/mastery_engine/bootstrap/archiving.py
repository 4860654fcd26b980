"""Those who follow the log on Kafka for the stores of record."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from mastery_engine.bootstrap.archiver_groups import groups
from mastery_engine.bootstrap.retention import retention_of
from mastery_engine.bootstrap.worker_parts import tidy_seconds
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.archiving import Archiver, ArchiverPorts
from mastery_engine.engine.housekeeping import Housekeeping
from mastery_engine.engine.letter_filing import LetterFiling
from mastery_engine.engine.work import Runner

if TYPE_CHECKING:
    from mastery_engine.bootstrap.use_cases import UseCases


@asynccontextmanager
async def runners(cases: UseCases, batch_size: int) -> AsyncGenerator[list[Runner]]:
    """One that archives events, and one that files dead letters, in the archivers' group.

    Raises:
        ConfigurationError: The log is embedded, or a topic is not as it must be.
        DependencyDown: Kafka does not answer.
    """
    adapters = cases.adapters
    apart = adapters.apart
    if apart is None:
        raise ConfigurationError(
            "the log is embedded, and its worker archives by itself; see MASTERY_LOG_URL"
        )
    await apart.topics.check()
    archivers, filers = groups(cases.settings)
    async with AsyncExitStack() as stack:
        events, letters = apart.log.consumer(archivers), apart.letter_log.consumer(filers)
        folding = apart.log.consumer(cases.group)
        for consumer in (events, letters, folding):
            stack.push_async_callback(consumer.close)
        ports = ArchiverPorts(
            consumer=events,
            folding=folding,
            store=adapters.store,
            archive=adapters.archive,
            clock=adapters.clock,
            codec=adapters.codec,
        )
        archiver = Archiver(ports, cases.tenants, cases.pseudonyms)
        filing = LetterFiling(letters, adapters.dead_letters, apart.codec)
        is_on = cases.settings.retention_every_seconds > 0
        retention = retention_of(cases, with_keys=False) if is_on else None
        old_days = Housekeeping(None, retention, cases.tenants, [], adapters.clock)
        every = tidy_seconds(cases)
        yield [
            Runner(archiver, events, adapters.clock, batch_size, old_days, tidy_seconds=every),
            Runner(filing, letters, adapters.clock, batch_size),
        ]
