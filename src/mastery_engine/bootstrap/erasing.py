"""Erasures, from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from msgspec.structs import replace

from mastery_engine.bootstrap.caches import shared_cache
from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.engine.erasure.parts import BLANK, WAIT_SECONDS, ErasurePorts, Topic
from mastery_engine.engine.erasure.runner import ErasureRunner
from mastery_engine.engine.erasure.scrub_jobs import JobScrubber
from mastery_engine.engine.housekeeping import REQUESTS_KEPT_MS, RESULTS_KEPT_MS
from mastery_engine.ports import ErasableLog, RawScan

if TYPE_CHECKING:
    from mastery_engine.bootstrap.foundation import Foundation
    from mastery_engine.engine.jobs import Jobs


def erasure_ports(foundation: Foundation, jobs: Jobs) -> ErasurePorts:
    """What erasures work on; the shared cache is added by `runner_of`."""
    ours, settings = foundation.adapters, foundation.settings
    topics: list[Topic] = []
    if ours.apart is None:
        # Files and memory of ours let go of single records.
        topics.append(Topic(cast("ErasableLog", ours.log), REQUESTS_KEPT_MS, BLANK))
        topics.append(Topic(cast("ErasableLog", ours.results_log or ours.results), RESULTS_KEPT_MS, None))
    raw: list[RawScan] = [] if ours.raw_scan is None else [ours.raw_scan]
    if settings.store_url != MEMORY_URL:
        from mastery_engine.adapters.sqlite.raw_scan import SqliteRawScan  # noqa: PLC0415 - only where it is used

        folders = [settings.database_folder]
        if not settings.archive_on_postgres:
            folders.append(settings.archive_folder)
        raw.append(SqliteRawScan(folders))
    return ErasurePorts(
        store=ours.store,
        archive=ours.archive,
        dead_letters=ours.dead_letters,
        rosters=ours.rosters,
        ledger=ours.erasures,
        requests=ours.privacy_requests,
        tenant_book=ours.tenant_book,
        tenants=foundation.tenants,
        pseudonyms=foundation.pseudonyms,
        clock=ours.clock,
        topics=topics,
        raw=raw,
        retentions=None if ours.apart is None else ours.apart.topics,
        scrubbers=[JobScrubber(jobs)],
    )


def runner_of(
    foundation: Foundation, jobs: Jobs, stack: AsyncExitStack, wait_seconds: float = WAIT_SECONDS
) -> ErasureRunner:
    """Who carries out what waits.

    Args:
        foundation: Open.
        jobs: Let go of what mentions a student.
        stack: Closes the shared cache.
        wait_seconds: How long to wait for the steps of those who fold.
    """
    ports = erasure_ports(foundation, jobs)
    cache = shared_cache(foundation.settings)
    if cache is not None:
        stack.push_async_callback(cache.close)
        ports = replace(ports, cache=cache)
    return ErasureRunner(ports, str(uuid4()), wait_seconds)
