"""What a replay rebuilds from: the archive, or a copy of the log's events in a folder that passes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from mastery_engine.bootstrap.archiver_groups import groups
from mastery_engine.bootstrap.bulk import set_for_bulk_work
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.engine.committed import Committed, committed_beside, committed_of
from mastery_engine.engine.held import Held
from mastery_engine.engine.replay import Replay
from mastery_engine.engine.replay_report import TopicRead
from mastery_engine.engine.topic_events import TopicEvents, TopicPorts
from mastery_engine.ports import Archive

if TYPE_CHECKING:
    from mastery_engine.bootstrap.foundation import Foundation


class TopicCopy(Struct, frozen=True):
    """A copy of a school's events out of the log.

    Attributes:
        folder: Where it lies.
        held: What of the log it holds.
        read: What became of the log's records.
    """

    folder: str
    held: Held
    read: TopicRead


def replay_of(foundation: Foundation, archive: Archive | None = None, held: Held | None = None) -> Replay:
    """Rebuilding from the archive, or from another one that holds what is told.

    On Kafka the archive is written behind those who fold, so a replay asks how far it is.
    """
    adapters = foundation.adapters

    async def committed() -> Committed:
        if held is not None:
            return (await committed_of(adapters.log, foundation.group))._replace(held=held)
        if adapters.apart is not None:
            return await committed_beside(adapters.log, foundation.group, groups(foundation.settings)[0])
        return await committed_of(adapters.log, foundation.group)

    return Replay(
        adapters.store,
        archive or adapters.archive,
        committed,
        foundation.choice,
        foundation.pseudonyms,
        foundation.lifetimes,
        adapters.clock,
    )


@asynccontextmanager
async def copied_topic(
    foundation: Foundation, tenant: Tenant, progress: Callable[[int, int], None] | None = None
) -> AsyncGenerator[TopicCopy]:
    """Copy a tenant's events out of the log, into a folder that is removed in the end.

    Args:
        foundation: Of an open engine.
        tenant: Whose events.
        progress: See `TopicEvents.copy`.

    Raises:
        DependencyDown: See `TopicEvents.copy`; or the disk of temporary files is full.
    """
    from mastery_engine.adapters.sqlite.first_events import open_first_events  # noqa: PLC0415 - only where it is used

    adapters = foundation.adapters
    ports = TopicPorts(
        log=adapters.log,
        codec=adapters.codec,
        store=adapters.store,
        erasures=adapters.erasures,
        clock=adapters.clock,
    )
    with TemporaryDirectory(prefix="mastery-replay-") as folder:
        async with open_first_events(Path(folder)) as archive:
            events = TopicEvents(ports, foundation.tenants, foundation.pseudonyms)
            with set_for_bulk_work():
                held, read = await events.copy(tenant, archive, progress)
        yield TopicCopy(folder, held, read)


@asynccontextmanager
async def replay_from(foundation: Foundation, copy: TopicCopy | None) -> AsyncGenerator[Replay]:
    """Rebuilding from a copy, or from the archive where there is none."""
    from mastery_engine.adapters.sqlite.first_events import open_first_events  # noqa: PLC0415 - as above

    if copy is None:
        yield replay_of(foundation)
    else:
        async with open_first_events(Path(copy.folder)) as archive:
            yield replay_of(foundation, archive, copy.held)
