"""Which adapters the settings name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mastery_engine.bootstrap.records import records_of
from mastery_engine.config import EMBEDDED_LOG, KAFKA_SCHEME, Settings, without_secrets
from mastery_engine.contracts.event_json import JsonEvents
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.topics import REQUESTS, RESULTS
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import (
    Archive,
    AuditTrail,
    Clock,
    DeadLetters,
    DeadLetterSink,
    ErasureLedger,
    EventCodec,
    EventLog,
    PrivacyRequests,
    RawScan,
    Results,
    Rosters,
    StateStore,
    TenantBook,
)

if TYPE_CHECKING:
    from mastery_engine.adapters.sqlite.home import SqliteHome
    from mastery_engine.bootstrap.kafka import KafkaAdapters

MEMORY_URL: Final = "memory://"


@dataclass(frozen=True, slots=True)
class Adapters:
    """One adapter for each port.

    Attributes:
        results_log: Outputs, where this program keeps them itself.
        codec: Of the log's values.
        sink: Where workers send dead letters; those of record take them at once where nothing else is told.
        tenant_book: Where tenants are looked for that the state store lacks; None for those who ask nothing of the records.
        raw_scan: Looks at the records as they lie there, where that is no file.
        apart: What stands apart from the worker, where the log is Kafka.
    """

    clock: Clock
    store: StateStore
    log: EventLog
    results: Results
    archive: Archive
    dead_letters: DeadLetters
    audit: AuditTrail
    rosters: Rosters
    erasures: ErasureLedger
    privacy_requests: PrivacyRequests
    results_log: EventLog | None = None
    codec: EventCodec = field(default_factory=JsonEvents)
    sink: DeadLetterSink | None = None
    tenant_book: TenantBook | None = None
    raw_scan: RawScan | None = None
    apart: KafkaAdapters | None = None

    @property
    def dead_letter_sink(self) -> DeadLetterSink:
        """Where workers send dead letters."""
        return self.sink or self.dead_letters


def check_urls(settings: Settings) -> None:
    """Refuse what no adapter stands behind, rather than pass it over.

    Raises:
        ConfigurationError: The log is neither embedded nor Kafka, or the archive alone is to be kept.
    """
    if settings.log_url != EMBEDDED_LOG and not settings.log_url.startswith(KAFKA_SCHEME):
        raise ConfigurationError(
            f"MASTERY_LOG_URL = {without_secrets(settings.log_url)!r} is not known; known are {EMBEDDED_LOG} and "
            "kafka://HOST:PORT"
        )
    if settings.store_url == MEMORY_URL and settings.archive_url not in {"", MEMORY_URL}:
        raise ConfigurationError(
            f"MASTERY_STORE_URL = {MEMORY_URL} keeps the archive in memory too; unset MASTERY_ARCHIVE_URL"
        )


async def adapters_of(
    settings: Settings,
    clock: Clock,
    stack: AsyncExitStack,
    pseudonyms: Callable[[], Pseudonyms],
    *,
    folds_only: bool = False,
) -> Adapters:
    """What the settings name; `stack` closes it.

    Args:
        settings: What is in force.
        clock: Stamps what is written.
        stack: Closes them.
        pseudonyms: Gives those by which the erasure ledger knows students; asked once the settings are known to be good.
        folds_only: On Kafka, ask nothing of the stores of record: a database that is down must hold up no score.

    Raises:
        ConfigurationError: A URL names no folder or database, or it cannot be used.
        DependencyDown: A database does not answer.
        NewerVersion: A database was written by a newer release.
    """
    apart = kafka_adapters(settings, stack)
    if settings.store_url == MEMORY_URL:
        return with_kafka(in_memory(clock, pseudonyms()), apart)
    return await lasting(settings, clock, stack, pseudonyms, apart, folds_only=folds_only)


def in_memory(clock: Clock, pseudonyms: Pseudonyms) -> Adapters:
    """Adapters that forget everything with the process."""
    from mastery_engine.adapters import memory  # noqa: PLC0415 - only where it is used

    erasures = memory.MemoryErasureLedger()
    return Adapters(
        clock=clock,
        store=memory.MemoryStateStore(clock),
        log=memory.MemoryEventLog(clock, REQUESTS),
        results=memory.MemoryResults(),
        archive=memory.MemoryArchive(erasures, pseudonyms),
        dead_letters=memory.MemoryDeadLetters(erasures, pseudonyms),
        audit=memory.MemoryAuditTrail(pseudonyms),
        rosters=memory.MemoryRosters(),
        erasures=erasures,
        privacy_requests=memory.MemoryPrivacyRequests(),
        tenant_book=memory.MemoryTenantBook(),
    )


async def lasting(
    settings: Settings,
    clock: Clock,
    stack: AsyncExitStack,
    pseudonyms: Callable[[], Pseudonyms],
    apart: KafkaAdapters | None = None,
    *,
    folds_only: bool = False,
) -> Adapters:
    """Adapters on SQLite files, or with their records in PostgreSQL; `stack` closes them.

    Args:
        settings: What is in force.
        clock: Stamps what is written.
        stack: Closes them.
        pseudonyms: Gives those by which the erasure ledger knows students; asked once the settings are known to be good.
        apart: What stands on Kafka in the place of the files of the log.
        folds_only: On Kafka, ask nothing of the stores of record: a database that is down must hold up no score.

    Raises:
        ConfigurationError: A URL names no folder or database, or it cannot be used.
        DependencyDown: A database does not answer.
        NewerVersion: A database was written by a newer release.
    """
    from mastery_engine.adapters.sqlite.home import SqliteHome  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.sqlite.log import SqliteResults  # noqa: PLC0415 - as above

    home = SqliteHome(settings.database_folder, clock)
    stack.push_async_callback(home.close)
    keeps = apart is None or not folds_only
    records = await records_of(settings, clock, stack, home, pseudonyms, check=keeps)
    log: EventLog
    results: Results
    results_log = None
    if apart is None:
        results_log = await home.log(RESULTS)
        log, results = await home.log(REQUESTS), SqliteResults(results_log)
    else:
        log, results = apart.log, apart.results
    adapters = Adapters(
        clock=clock,
        store=await store_of(settings, clock, stack, home, records.archive),
        log=log,
        results=results,
        archive=records.archive,
        dead_letters=records.dead_letters,
        audit=records.audit,
        rosters=records.rosters,
        erasures=records.erasures,
        privacy_requests=records.privacy_requests,
        raw_scan=records.raw_scan,
        tenant_book=records.tenant_book if keeps else None,
        results_log=results_log,
    )
    return with_kafka(adapters, apart)


async def store_of(
    settings: Settings, clock: Clock, stack: AsyncExitStack, home: SqliteHome, archive: Archive
) -> StateStore:
    """The state store on a server, which `stack` closes, or of the home."""
    if not settings.store_on_server:
        return await home.state()
    from mastery_engine.bootstrap.stores import server_store  # noqa: PLC0415 - only where it is used

    return server_store(settings, clock, stack, archive)


def with_kafka(adapters: Adapters, apart: KafkaAdapters | None) -> Adapters:
    """The same with their log on Kafka, if that is given."""
    if apart is None:
        return adapters
    return replace(
        adapters,
        log=apart.log,
        results=apart.results,
        codec=apart.codec,
        sink=apart.dead_letter_sink,
        apart=apart,
    )


def kafka_adapters(settings: Settings, stack: AsyncExitStack) -> KafkaAdapters | None:
    """What stands on Kafka, where the settings say so; nothing is asked of it yet, and `stack` closes it.

    Raises:
        ConfigurationError: A setting is missing or names no brokers.
    """
    if settings.log_url == EMBEDDED_LOG:
        return None
    from mastery_engine.bootstrap.kafka import on_kafka  # noqa: PLC0415 - only where it is used

    return on_kafka(settings, stack)


def state_is_lost(settings: Settings) -> bool:
    """Whether embedded records are there, and the embedded state beside them is not."""
    archive = settings.archive_file
    if settings.store_url == MEMORY_URL or settings.store_on_server or archive is None:
        return False
    return archive.exists() and not (settings.database_folder / "state.db").exists()
