"""Reading a backup whole: is it what was written, and can all of it be read?"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.backup import (
    MANIFEST,
    Counts,
    DamagedBackup,
    Item,
    Manifest,
    Part,
    decode_manifest,
)
from mastery_engine.contracts.document import (
    UNREADABLE,
    DamagedDocument,
    check_results,
    decode_document,
)
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.stored_keys import event_of, learner_of, revocation_of
from mastery_engine.contracts.tenant import decode_tenant
from mastery_engine.domain.errors import InvalidInput, NotFound
from mastery_engine.engine.backup_parts import Watcher, file_of, items_of, whole
from mastery_engine.ports import BackupTarget

_LONGEST_MANIFEST: Final = 64 * 1024 * 1024
_LONGEST_KEY: Final = 64
_SQLITE: Final = b"SQLite format 3\0"
_MARKER: Final = re.compile(re.escape(keys.erased("")) + r"[0-9a-f]{32}")


async def manifest_of(target: BackupTarget) -> Manifest:
    """What a backup says of itself.

    Raises:
        NotFound: There is no backup, or one that was never finished.
        DamagedBackup: The manifest cannot be read.
        NewerVersion: A newer release wrote it.
        DependencyDown: The target does not answer.
    """
    found = await target.names()
    if MANIFEST not in found:
        what = "an unfinished backup: make another one" if found else "no backup"
        raise NotFound(f"{target.where} holds {what}")
    value = await whole(
        target.read(MANIFEST), _LONGEST_MANIFEST, lambda: DamagedBackup(f"{MANIFEST} is damaged: too long")
    )
    return decode_manifest(value)


class Verified(Struct, frozen=True):
    """A backup that was read whole.

    Attributes:
        manifest: What it says of itself; it is so.
        damaged: Of the documents, those that could not be read when they were backed up, and are in it as they were.
    """

    manifest: Manifest
    damaged: int


async def verify(target: BackupTarget, watcher: Watcher | None = None) -> Verified:
    """Read every part, check every hash, decode every document and record.

    Raises:
        NotFound: There is no backup, or one that was never finished.
        DamagedBackup: A part is not what was written; it is named.
        NewerVersion: A newer release wrote it.
        DependencyDown: The target does not answer.
    """
    manifest, counts, unreadable = await manifest_of(target), Counts(), 0
    for part in manifest.parts:
        if part.kind == "state":
            async for items in items_of(target, part):
                for item in items:
                    counts.add(item.kind)
                    unreadable += not _is_readable(item, part.name)
                if watcher is not None:
                    watcher.advanced("check", len(items))
        else:
            await _check_file(target, part, watcher)
    if counts != manifest.counts:
        raise DamagedBackup(f"{target.where} has {counts}, and its manifest says {manifest.counts}")
    return Verified(manifest, unreadable)


async def _check_file(target: BackupTarget, part: Part, watcher: Watcher | None) -> None:
    begins, size = b"", 0
    async for piece in file_of(target, part):
        begins = begins or piece[: len(_SQLITE)]
        size += len(piece)
        if part.kind == "pseudonym.key" and size > _LONGEST_KEY:
            raise DamagedBackup(f"{part.name} is too long for a key")
        if watcher is not None:
            watcher.advanced("check", 0)
    if part.kind.endswith(".db") and begins != _SQLITE:
        raise DamagedBackup(f"{part.name} is no SQLite database")


def _is_readable(item: Item, name: str) -> bool:
    """Whether the store held something that could be read; what no store holds under such a key is refused."""
    key, value = item.key, item.value
    is_right = True
    try:
        match item.kind:
            case "document":
                if learner_of(key) is not None:
                    return _is_readable_document(value)
                is_right = False
            case "processed":
                event = event_of(key)
                is_right = event is not None
                if event is not None:
                    # A damaged one is known for it when it is needed.
                    read_processed(event[1], value)
            case "tenant":
                tenant = decode_tenant(value)
                tenant.check()
                is_right = key == keys.tenant(tenant.tenant_id)
            case "marker":
                is_right = _MARKER.fullmatch(key) is not None
            case "revocation":
                is_right = _is_readable_revocation(key, value)
    except (InvalidInput, *UNREADABLE) as error:
        raise DamagedBackup(f"{name} holds a {item.kind} that is none: {error}") from None
    if not is_right:
        raise DamagedBackup(f"{name} holds a {item.kind} under a key of something else")
    return True


def _is_readable_revocation(key: str, value: bytes) -> bool:
    # Of somebody it has a moment, by which each of their tokens is judged.
    return revocation_of(key) is not None and (":subject:" not in key or value.isdigit())


def _is_readable_document(value: bytes) -> bool:
    try:
        document = decode_document(value)
        check_results(document)
        for course in document.state.courses.values():
            for _ in course.days.items():
                pass
    except (DamagedDocument, *UNREADABLE):
        return False
    return True
