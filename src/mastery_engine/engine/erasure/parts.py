"""What an erasure works on, and how long it waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.traces import Person, Traces
from mastery_engine.engine.erasure.ledger_copy import LedgerCopy
from mastery_engine.engine.step import LATEST_WRITE_SECONDS
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import (
    Archive,
    Cache,
    Clock,
    DeadLetters,
    ErasableLog,
    ErasureLedger,
    PrivacyRequests,
    RawScan,
    Retentions,
    Rosters,
    StateStore,
    TenantBook,
)

MARGIN_SECONDS: Final = 20.0
WAIT_SECONDS: Final = LATEST_WRITE_SECONDS + MARGIN_SECONDS
"""From the last tombstone to the first sweep: by then no step that had begun before writes any more."""
BLANK: Final = TOMBSTONE
"""Stands in place of a record of the embedded log of requests, whose offsets somebody may yet have to commit."""


class Scrubber(Protocol):
    """Somebody who keeps values of a kind of its own that may mention students, and can take them away.

    Attributes:
        name: Of the kind, for the report.
    """

    name: str

    async def scrub(self, traces: Traces) -> Counter[Person]:
        """Take away, or make nameless, all that mentions them; returns how many values of each went."""
        ...


class Topic(Struct, frozen=True):
    """A topic in files of ours.

    Attributes:
        kept_ms: How long it keeps its records.
        blank: What is left in place of a record; None leaves nothing.
    """

    log: ErasableLog
    kept_ms: int
    blank: bytes | None


class ErasurePorts(Struct, frozen=True, kw_only=True):
    """What is erased from, and who is asked.

    Attributes:
        topics: Those of the embedded log.
        cache: L2, if there is one.
        raw: Scans of stores as they lie there.
        retentions: Of topics on Kafka, where the log is there.
        scrubbers: Others who keep what may mention students.
        copy: Of the ledger, apart from the data; None where none is wanted.
    """

    store: StateStore
    archive: Archive
    dead_letters: DeadLetters
    rosters: Rosters
    ledger: ErasureLedger
    requests: PrivacyRequests
    tenant_book: TenantBook | None
    tenants: TenantDirectory
    pseudonyms: Pseudonyms
    clock: Clock
    topics: Sequence[Topic] = ()
    cache: Cache | None = None
    raw: Sequence[RawScan] = ()
    retentions: Retentions | None = None
    scrubbers: Sequence[Scrubber] = ()
    copy: LedgerCopy | None = None


class Case(Struct):
    """An erasure under way.

    Attributes:
        request: As it is stored.
        student_id: Opened from the request's seal.
        found: What was removed, by kind.
    """

    request: PrivacyRequest
    student_id: str
    found: Counter[str]

    @property
    def person(self) -> Person:
        """Tenant and student."""
        return self.request.tenant_id, self.student_id


Found = Counter[tuple[Person, str]]
"""How much, by person and kind."""
