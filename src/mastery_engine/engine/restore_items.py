"""Which items of a backup are restored, and how long they live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.backup import Item, Manifest
from mastery_engine.contracts.document import DamagedDocument, decode_document
from mastery_engine.contracts.erasure import Erasure, refused_until
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.stored_keys import event_of, learner_of, revocation_of
from mastery_engine.contracts.tenant import DEFAULT, Tenant, decode_tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.recovery import is_gone
from mastery_engine.engine.revocations import LONGEST_SECONDS
from mastery_engine.ports import ABSENT, Write

_SHORTEST_SECONDS: Final = 60


class RestoreReport(Struct, kw_only=True):
    """What a restore came to.

    Attributes:
        dry_run: Nothing was changed; this is what would have been.
        was_empty: Whether the store held no student.
        removed: How many keys were removed first.
        began_ms: When the backup began: events that were folded later come again, or are to be replayed.
        documents: Learners' documents restored.
        processed: `processed:` records restored.
        tenants: Schools restored.
        markers: Erasure markers that the store lacked and the records knew.
        learned: Students whose erasure the copy of the ledger knew and this house did not.
        erased: Documents passed over, since their student is erased.
        expired: Documents passed over, since their retention has passed.
        files: Files that were put back.
        offsets: By partition, where the log is read on from.
        to_come: How many records of the log come again, or for the first time.
        lost: How many records between the backup and what the log still has are gone from it.
        other_topic: Whether the log is another one than that of the backup.
    """

    dry_run: bool = False
    was_empty: bool = True
    removed: int = 0
    began_ms: int = 0
    documents: int = 0
    processed: int = 0
    tenants: int = 0
    markers: int = 0
    learned: int = 0
    erased: int = 0
    expired: int = 0
    files: list[str] = []
    offsets: dict[int, int] = {}
    to_come: int = 0
    lost: int = 0
    other_topic: bool = False

    @property
    def needs_replay(self) -> bool:
        """Whether the archive may have events that the log does not bring again."""
        return self.lost > 0 or self.other_topic


@final
class RestoredItems:
    """Turns items into writes."""

    def __init__(
        self,
        manifest: Manifest,
        wanted: Iterable[str],
        erasures: Mapping[str, Erasure],
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
        now_ms: int,
        report: RestoreReport,
    ) -> None:
        """Know what counts.

        Args:
            manifest: Of the backup.
            wanted: Schools to restore.
            erasures: The latest erasure by student's hash.
            pseudonyms: Of the students.
            lifetimes: Of what is written.
            now_ms: Now.
            report: Counts what is restored and what is not.
        """
        self._began_ms = manifest.began_ms
        self._wanted = frozenset(wanted)
        self._erasures = erasures
        self._pseudonyms = pseudonyms
        self._lifetimes = lifetimes
        self._now_ms = now_ms
        self._report = report
        # Of those whom the ledger does not know, since it is older than the store or than the backup.
        self._markers: dict[str, bytes] = {}
        # Of the backup itself, which has them before what is theirs.
        self._tenants = {DEFAULT.tenant_id: DEFAULT}

    def students(self, items: Iterable[Item]) -> dict[str, set[str]]:
        """Keyed hashes by tenant of those whose documents are among the items."""
        owners = [
            owner for one in items if one.kind == "document" and (owner := learner_of(one.key)) is not None
        ]
        found: dict[str, set[str]] = {}
        for owner in owners:
            found.setdefault(owner[0], set()).add(self._pseudonyms.of(*owner))
        return found

    def keep_out(self, student: str, marker: bytes) -> None:
        """Keep out whom a marker in the store keeps out, though the ledger does not know of it."""
        if student not in self._erasures:
            self._markers[student] = marker

    def write_of(self, item: Item) -> Write | None:
        """The write of an item, None for one that is passed over."""
        match item.kind:
            case "document":
                return self._document(item)
            case "processed":
                return self._processed(item)
            case "tenant":
                return self._tenant(item)
            case "marker":
                return self._marker(item)
            case "revocation":
                return self._revocation(item)

    def _tenant(self, item: Item) -> Write | None:
        tenant = decode_tenant(item.value)
        if tenant.tenant_id not in self._wanted:
            return None
        self._tenants[tenant.tenant_id] = tenant
        self._report.tenants += 1
        return Write(item.key, item.value)

    def _marker(self, item: Item) -> Write | None:
        # Those that the ledger knows are there already, as they are now; one that it does not is kept rather than lost,
        # and the store's own is newer than the backup's.
        student = item.key.removeprefix(keys.erased(""))
        if student in self._erasures or student in self._markers:
            return None
        self._markers[student] = item.value
        return Write(item.key, item.value)

    def _revocation(self, item: Item) -> Write | None:
        """As long as any token of then may live; one that the store has is newer."""
        life = LONGEST_SECONDS - (self._now_ms - self._began_ms) // 1_000
        if revocation_of(item.key) not in self._wanted or life <= 0:
            return None
        return Write(item.key, item.value, ABSENT, life)

    def _document(self, item: Item) -> Write | None:
        owner = learner_of(item.key)
        if owner is None or owner[0] not in self._wanted:
            return None
        if self._is_erased(self._pseudonyms.of(*owner)):
            self._report.erased += 1
            return None
        try:
            newest_ms = decode_document(item.value).state.newest
        except DamagedDocument:
            newest_ms = -1
        tenant = self._of(owner[0])
        days = tenant.retention_days
        if days is not None and newest_ms >= 0 and newest_ms + days * DAY_MS <= self._now_ms:
            self._report.expired += 1
            return None
        self._report.documents += 1
        return Write(item.key, item.value, None, self._lifetimes.document(tenant, newest_ms, self._now_ms))

    def _processed(self, item: Item) -> Write | None:
        event = event_of(item.key)
        if event is None or event[0] not in self._wanted:
            return None
        record = read_processed(event[1], item.value)
        if record is not None and self._is_erased(record.student.hex()):
            return None
        life = self._lifetimes.processed(self._of(event[0]))
        if life is not None:
            # Written before the backup began, or while it was made: never too short.
            life -= (self._now_ms - self._began_ms) // 1_000
            if life <= 0:
                return None
            life = max(_SHORTEST_SECONDS, life)
        self._report.processed += 1
        return Write(item.key, item.value, None, life)

    def _is_erased(self, student: str) -> bool:
        """Whether an erasure is in force, or has removed what the backup may still have."""
        erasure = self._erasures.get(student)
        if erasure is not None:
            return is_gone(erasure, self._began_ms)
        # A lifted marker tells up to when everything was removed.
        until = refused_until(self._markers.get(student))
        return until is None or until >= self._began_ms

    def _of(self, tenant_id: str) -> Tenant:
        return self._tenants.get(tenant_id) or Tenant(tenant_id=tenant_id)
