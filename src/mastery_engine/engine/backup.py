"""Backing up the state, while workers go on.

The order holds what decision 0011 says of it: committed offsets; `processed:` records; documents; the records again that were
written meanwhile, each only if the document in the backup has its event; files; the manifest.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.backup import MANIFEST, Counts, Item, ItemKind, Manifest, encode_manifest
from mastery_engine.contracts.document import TOMBSTONE, DamagedDocument, decode_document
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.stored_keys import SCHOOL, event_of, learner_of, revocation_of
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.errors import Conflict
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.backup_parts import PartWriter, Snapshot, Watcher
from mastery_engine.engine.committed import Committed, committed_of
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import BackupTarget, Clock, EventLog, StateStore

KEYS_A_BATCH: Final = 500
Moved = Mapping[bytes, Mapping[int, int]]
"""How far documents are that were changed since the backup began: folded offset by student's hash and partition."""


class About(Struct, frozen=True, kw_only=True):
    """What a manifest tells of where it comes from: the release, the kinds of store and log, and which copy of the ledger."""

    engine: str
    store: str
    log: str
    ledger_copy: str | None = None


@final
class Backup:
    """Backs up into a target."""

    def __init__(
        self,
        store: StateStore,
        log: EventLog,
        group: str,
        tenants: TenantDirectory,
        pseudonyms: keys.Pseudonyms,
        access: Access,
        clock: Clock,
    ) -> None:
        """Put the parts together.

        Args:
            store: What is backed up.
            log: What it was folded from.
            group: Consumer group of those who fold.
            tenants: The schools.
            pseudonyms: Of the students in `processed:` records.
            access: Keeps the record of it.
            clock: Tells when.
        """
        self._store = store
        self._log = log
        self._group = group
        self._tenants = tenants
        self._pseudonyms = pseudonyms
        self._access = access
        self._clock = clock

    async def create(
        self,
        caller: Caller,
        target: BackupTarget,
        about: About,
        snapshots: Sequence[Snapshot] = (),
        *,
        tenant_id: str | None = None,
        watcher: Watcher | None = None,
    ) -> Manifest:
        """Back up; whole when this returns.

        Args:
            caller: Who asks.
            target: Must be empty.
            about: Where it comes from.
            snapshots: Files that belong to it, in this order.
            tenant_id: One school; None means all.
            watcher: Who wants to know how far it is.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such school.
            Conflict: The target is not empty, or the log's topic was made anew meanwhile.
            DependencyDown: Store, log or target do not answer.
            NewerVersion: A newer release wrote a document or a record.
        """
        began_ms = self._clock.now_ms()
        await self._access.permit(caller, "backup.create", (), moment_of(began_ms).date())
        known = await self._tenants.list() if tenant_id is None else [await self._tenants.get(tenant_id)]
        found = await target.names()
        if found:
            raise Conflict(
                f"{target.where} is not empty ({found[0]}); name a folder that is not there yet, or an empty one"
            )
        for tenant in known:
            in_school = replace(caller, tenant_id=tenant.tenant_id)
            await self._access.record(in_school, "backup.create", (), allowed=True)
        committed = await committed_of(self._log, self._group)
        counts, writer = Counts(), PartWriter(target)
        parts = await writer.items(self._items(tenant_id, committed, counts, watcher))
        parts += [await writer.file(one, watcher) for one in snapshots]
        if await self._log.topic_id() != committed.topic_id:
            raise Conflict(f"the topic {self._log.topic} was made anew meanwhile; back up again")
        manifest = Manifest(
            engine=about.engine,
            began_ms=began_ms,
            ended_ms=self._clock.now_ms(),
            store=about.store,
            log=about.log,
            topic=self._log.topic,
            topic_id=committed.topic_id,
            offsets=dict(committed.offsets),
            pseudonyms=self._pseudonyms.fingerprint,
            tenants=[tenant.tenant_id for tenant in known],
            tenant=tenant_id,
            ledger_copy=about.ledger_copy,
            counts=counts,
            parts=parts,
        )
        await target.write(MANIFEST, _once(encode_manifest(manifest)))
        return manifest

    async def _items(
        self, tenant_id: str | None, committed: Committed, counts: Counts, watcher: Watcher | None
    ) -> AsyncGenerator[list[Item]]:
        moved: dict[bytes, dict[int, int]] = {}
        for batches in (
            self._tenant_items(tenant_id),
            self._as_they_are("marker", [keys.erased("")]),
            self._revocations(tenant_id),
            self._processed(tenant_id),
            self._documents(tenant_id, committed, moved),
            self._processed_since(tenant_id, committed, moved),
        ):
            async for batch in batches:
                for item in batch:
                    counts.add(item.kind)
                if batch:
                    yield batch
                    if watcher is not None:
                        watcher.advanced(batch[0].kind, len(batch))

    async def _tenant_items(self, tenant_id: str | None) -> AsyncGenerator[list[Item]]:
        prefix = keys.tenant("" if tenant_id is None else tenant_id)
        async for items in self._as_they_are("tenant", [prefix]):
            yield [item for item in items if tenant_id is None or item.key == prefix]

    async def _revocations(self, tenant_id: str | None) -> AsyncGenerator[list[Item]]:
        """Notes of revoked tokens."""
        for prefix in _prefixes(tenant_id, "revoked:"):
            async for names in self._store.scan(prefix):
                found = [key for key in names if revocation_of(key) is not None]
                if found:
                    entries = await self._store.get_many(found)
                    yield [
                        Item("revocation", key, entry.value)
                        for key, entry in zip(found, entries, strict=True)
                        if entry is not None
                    ]

    async def _processed(self, tenant_id: str | None) -> AsyncGenerator[list[Item]]:
        async for items in self._as_they_are("processed", _prefixes(tenant_id, "processed:")):
            yield [item for item in items if (found := event_of(item.key)) and _is_in(tenant_id, found[0])]

    async def _documents(
        self, tenant_id: str | None, committed: Committed, moved: dict[bytes, dict[int, int]]
    ) -> AsyncGenerator[list[Item]]:
        """The documents, and which of them are further than the log was committed when the backup began."""
        async for items in self._as_they_are("document", _prefixes(tenant_id, "student:")):
            kept: list[Item] = []
            for item in items:
                owner = learner_of(item.key)
                if owner is None or item.value == TOMBSTONE or not _is_in(tenant_id, owner[0]):
                    continue
                kept.append(item)
                try:
                    offsets = decode_document(item.value).offsets.get(committed.topic_id, {})
                except DamagedDocument:
                    # In the backup as it is: a replay of the student needs it there as here.
                    continue
                # Told twice by a scan, the later one counts, as in a restore.
                if any(
                    offset >= committed.offsets.get(partition, 0) for partition, offset in offsets.items()
                ):
                    moved[self._pseudonyms.digest(*owner)] = offsets
            yield kept

    async def _processed_since(
        self, tenant_id: str | None, committed: Committed, moved: Moved
    ) -> AsyncGenerator[list[Item]]:
        """Records that may be new since they were first read, of events that the documents of the backup have."""
        # Asked for only now: which documents have moved is known when all of them were read.
        if not moved:
            return
        async for items in self._processed(tenant_id):
            yield [item for item in items if _is_folded_since(item, committed, moved)]

    async def _as_they_are(self, kind: ItemKind, prefixes: Sequence[str]) -> AsyncGenerator[list[Item]]:
        async for names in _scanned(self._store, kind, prefixes):
            for first in range(0, len(names), KEYS_A_BATCH):
                part = names[first : first + KEYS_A_BATCH]
                entries = await self._store.get_many(part)
                yield [
                    Item(kind, key, entry.value)
                    for key, entry in zip(part, entries, strict=True)
                    if entry is not None
                ]


async def _scanned(store: StateStore, kind: ItemKind, prefixes: Sequence[str]) -> AsyncGenerator[list[str]]:
    """Keys of a kind: derived keys, many times as many as documents, are not read."""
    of = {"document": learner_of, "processed": event_of}.get(kind)
    for prefix in prefixes:
        async for names in store.scan(prefix):
            yield [key for key in names if of is None or of(key) is not None]


def _prefixes(tenant_id: str | None, kind: str) -> list[str]:
    """Of one school; of all, two are enough: a scan may go through all keys of the store each time."""
    return [kind, SCHOOL] if tenant_id is None else [keys.tenant_prefix(tenant_id) + kind]


def _is_in(tenant_id: str | None, found: str) -> bool:
    return tenant_id is None or tenant_id == found


def _is_folded_since(item: Item, committed: Committed, moved: Moved) -> bool:
    found = event_of(item.key)
    record = None if found is None else read_processed(found[1], item.value)
    if record is None:
        return False
    partition, offset = record.outcome.partition, record.outcome.offset
    return committed.offsets.get(partition, 0) <= offset <= moved.get(record.student, {}).get(partition, -1)


async def _once(value: bytes) -> AsyncIterator[bytes]:
    yield value
