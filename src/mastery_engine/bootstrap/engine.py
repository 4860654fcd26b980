"""Everything that a door may use, opened from the settings and closed in order."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.flags.openfeature import OpenFeatureFlags
from mastery_engine.bootstrap.bulk import set_for_bulk_work
from mastery_engine.bootstrap.choice import MEMORY_URL, adapters_of, check_urls, state_is_lost
from mastery_engine.bootstrap.formula_file import load_formulas
from mastery_engine.bootstrap.pseudonym_key import pseudonym_key
from mastery_engine.bootstrap.rewording import rewording_of
from mastery_engine.bootstrap.use_cases import UseCases
from mastery_engine.config import Settings
from mastery_engine.contracts.audit_seals import AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.engine.audit_witness import WitnessedTrail
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.ports import WHOLE, Clock, LogConsumer, Share

if TYPE_CHECKING:
    # Imported where they are used: a reading command starts in half the time without them.
    from mastery_engine.engine.batch_jobs import Batches
    from mastery_engine.engine.cached_learners import CachedLearners
    from mastery_engine.engine.erasure.asking import Erasures
    from mastery_engine.engine.erasure.runner import ErasureRunner
    from mastery_engine.engine.housekeeping import Housekeeping
    from mastery_engine.engine.intake import Folder, Intake
    from mastery_engine.engine.job_runner import JobRunner
    from mastery_engine.engine.jobs import Jobs
    from mastery_engine.engine.live import LiveHub
    from mastery_engine.engine.process import Processor
    from mastery_engine.engine.replay_jobs import Replays
    from mastery_engine.engine.restricting import Restricting
    from mastery_engine.engine.student_export import StudentExports
    from mastery_engine.engine.tenant_export import TenantExports
    from mastery_engine.engine.work import Runner, Worker


@dataclass(frozen=True)
class Engine(UseCases):
    """Everything that a door may use, each part built when it is first asked for."""

    def intake(self, batch_size: int | None = None, *, apart: bool = False) -> Intake:
        """Many events in, and folded; on Kafka, in the log, and folded by its workers.

        Args:
            batch_size: See `folding`.
            apart: Fold in a process of its own, where there is a second core and files to share.
        """
        from mastery_engine.engine.intake import Intake  # noqa: PLC0415 - see above

        apart = apart and self.settings.store_url != MEMORY_URL and (os.cpu_count() or 1) > 1

        def folding() -> AbstractAsyncContextManager[Folder]:
            return self.folding_apart(batch_size) if apart else self.folding(batch_size)

        return Intake(
            self.ingest,
            self.adapters.log,
            self.adapters.store,
            self.pseudonyms,
            self.adapters.clock,
            folding if self.adapters.apart is None else None,
            self.group,
        )

    @asynccontextmanager
    async def folding_apart(self, batch_size: int | None = None) -> AsyncGenerator[Folder]:
        """Processes that fold side by side for this one, under its lock; see `folding`."""
        from mastery_engine.bootstrap.folding_process import folding_apart  # noqa: PLC0415 - see above

        with self.fold_lock(), set_for_bulk_work():
            async with folding_apart(self.settings, batch_size or self.settings.batch_size) as folder:
                yield folder

    def fold_lock(self) -> AbstractContextManager[object]:
        """The lock of the one process, or family of processes, that folds this home.

        Raises:
            Conflict: Another one has it. A home in memory has no lock, since nobody else knows of it; nor is there one where
                Kafka shares the partitions among those who fold.
        """
        if self.settings.store_url == MEMORY_URL or self.adapters.apart is not None:
            return nullcontext()
        from mastery_engine.adapters.sqlite.lock import FoldingLock  # noqa: PLC0415 - see above

        return FoldingLock(self.settings.database_folder)

    @cached_property
    def jobs(self) -> Jobs:
        """What takes longer than an answer."""
        from mastery_engine.bootstrap.jobs import jobs_of  # noqa: PLC0415 - see above

        return jobs_of(self)

    @cached_property
    def batches(self) -> Batches:
        """Many students."""
        from mastery_engine.engine.batch_jobs import Batches  # noqa: PLC0415 - see above

        return Batches(self.queries, self.jobs, self.reader)

    @cached_property
    def replays(self) -> Replays:
        """Replays as jobs."""
        from mastery_engine.engine.replay_jobs import Replays  # noqa: PLC0415 - see above

        return Replays(self.jobs, self.reader, self.formulas)

    @cached_property
    def job_runner(self) -> JobRunner:
        """Who does the jobs."""
        from mastery_engine.engine.job_runner import JobRunner  # noqa: PLC0415 - see above

        return JobRunner(self.jobs, self.adapters.clock)

    @cached_property
    def housekeeping(self) -> Housekeeping:
        """Clearing away what has outlived its retention."""
        from mastery_engine.bootstrap.worker_parts import housekeeping_of  # noqa: PLC0415 - see above

        return housekeeping_of(self)

    @cached_property
    def student_exports(self) -> StudentExports:
        """Everything held on one student."""
        from mastery_engine.bootstrap.exporting import student_exports_of  # noqa: PLC0415 - see above

        return student_exports_of(self)

    @cached_property
    def tenant_exports(self) -> TenantExports:
        """Everything held on a school."""
        from mastery_engine.bootstrap.exporting import tenant_exports_of  # noqa: PLC0415 - see above

        return tenant_exports_of(self)

    @cached_property
    def restricting(self) -> Restricting:
        """Setting restrictions of processing, and lifting them."""
        from mastery_engine.engine.restricting import Restricting  # noqa: PLC0415 - see above

        ours = self.adapters
        return Restricting(
            self.restrictions,
            ours.privacy_requests,
            ours.store,
            self.tenants,
            self.access,
            self.pseudonyms,
            ours.clock,
        )

    @cached_property
    def erasures(self) -> Erasures:
        """Requests to erase."""
        from mastery_engine.bootstrap.erasing import erasure_ports  # noqa: PLC0415 - see above
        from mastery_engine.engine.erasure.asking import Erasures  # noqa: PLC0415 - see above

        return Erasures(erasure_ports(self, self.jobs), self.access, self.restrictions)

    @asynccontextmanager
    async def eraser(self, wait_seconds: float | None = None) -> AsyncGenerator[ErasureRunner]:
        """Who carries out the erasures that wait.

        Args:
            wait_seconds: How long to wait for the steps of those who fold; None: as long as these may take.
        """
        from mastery_engine.bootstrap.erasing import WAIT_SECONDS, runner_of  # noqa: PLC0415 - see above

        async with AsyncExitStack() as stack:
            yield await runner_of(
                self, self.jobs, stack, WAIT_SECONDS if wait_seconds is None else wait_seconds
            )

    def processor(self, consumer: LogConsumer) -> Processor:
        """A processor of the log; of an embedded one, only one process may have one (`folding`)."""
        from mastery_engine.bootstrap.worker_parts import processor_of  # noqa: PLC0415 - see above

        return processor_of(self, consumer)

    @asynccontextmanager
    async def folding(self, batch_size: int | None = None) -> AsyncGenerator[Worker]:
        """A worker on the log, under the lock of whoever folds.

        Args:
            batch_size: Most records in a step; None means the setting.

        Raises:
            Conflict: See `fold_lock`.
        """
        with self.fold_lock():
            async with self.worker(batch_size) as worker:
                yield worker

    @asynccontextmanager
    async def worker(self, batch_size: int | None = None, share: Share = WHOLE) -> AsyncGenerator[Worker]:
        """A worker for somebody who holds the lock.

        Args:
            batch_size: Most records in a step; None means the setting.
            share: Its partitions, where several fold side by side.
        """
        from mastery_engine.bootstrap.worker_parts import tidy_seconds  # noqa: PLC0415 - see above
        from mastery_engine.engine.work import Worker  # noqa: PLC0415 - see above

        with set_for_bulk_work():
            if self.adapters.apart is not None:
                await self.adapters.apart.check()
            consumer = self.adapters.log.consumer(self.group, share)
            try:
                processor, ours = self.processor(consumer), self.adapters
                size = batch_size or self.settings.batch_size
                every = tidy_seconds(self)
                yield Worker(processor, consumer, ours.clock, size, self.housekeeping, ours.store.ping, every)
            finally:
                await consumer.close()

    @asynccontextmanager
    async def archiving(self, batch_size: int | None = None) -> AsyncGenerator[list[Runner]]:
        """Those who follow the log on Kafka for the stores of record: one archives events, one files dead letters.

        Args:
            batch_size: Most records in a step; None means the setting.

        Raises:
            ConfigurationError: The log is embedded, so that the worker does both.
        """
        from mastery_engine.bootstrap.archiving import runners  # noqa: PLC0415 - see above

        async with runners(self, batch_size or self.settings.batch_size) as found:
            yield found


@asynccontextmanager
async def open_engine(
    settings: Settings, clock: Clock | None = None, *, folds_only: bool = False, serves: bool = False
) -> AsyncGenerator[Engine]:
    """Open what the settings name, and close it in the reverse order.

    Args:
        settings: What is in force.
        clock: Another clock than the machine's.
        folds_only: See `adapters_of`.
        serves: Many questions are to be answered: learners are kept in memory.

    Raises:
        ConfigurationError: A setting names something that cannot be used.
        DependencyDown: A database does not answer.
        NewerVersion: A database was written by a newer release.
    """
    async with AsyncExitStack() as stack:
        check_urls(settings)
        time = clock or SystemClock()
        formulas, rollouts = load_formulas(settings.formulas)
        flags = OpenFeatureFlags(rollouts)
        stack.push_async_callback(flags.close)
        pseudonyms = cache(lambda: Pseudonyms(pseudonym_key(settings)))
        lost = state_is_lost(settings)
        adapters = await adapters_of(settings, time, stack, pseudonyms, folds_only=folds_only)
        trail = WitnessedTrail(adapters.audit, adapters.store, AuditSeals(pseudonyms()))
        adapters = replace(adapters, audit=trail)
        cached: CachedLearners | None = None
        live: LiveHub | None = None
        if serves or settings.cache_url:
            from mastery_engine.bootstrap.caches import live_hub, with_caches  # noqa: PLC0415 - see above

            live = live_hub(adapters) if serves else None
            adapters, cached = with_caches(settings, adapters, stack, pseudonyms, live)
        engine = Engine(
            settings=settings,
            adapters=adapters,
            formulas=formulas,
            choice=FormulaChoice(formulas, flags),
            pseudonyms=pseudonyms(),
            cached=cached,
            live=live,
            rewording=rewording_of(settings, adapters.store, time, stack),
        )
        if lost:
            from mastery_engine.bootstrap.recovering import recovery_of  # noqa: PLC0415 - see above

            # Before anything is folded: with state.db went the markers that keep erased students out.
            await recovery_of(engine).recover()
        yield engine
