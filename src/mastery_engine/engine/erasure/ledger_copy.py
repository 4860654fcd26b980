"""Keeping a copy of the erasure ledger apart from the data, and learning from it after a restore."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Final, final
from uuid import uuid4

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure, marker_of
from mastery_engine.contracts.ledger_copy import (
    LARGEST_BYTES,
    LARGEST_MARK_BYTES,
    MARK,
    CopiedErasure,
    CopyMark,
    decode_copied,
    decode_mark,
    encode_copied,
    encode_mark,
    name_of,
    newest,
)
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.backup_parts import whole
from mastery_engine.engine.restrictions import note_erasing
from mastery_engine.ports import BackupTarget, ErasureLedger, StateStore, Write

_BATCH: Final = 1_000
_ADVICE: Final = (
    "is the disk there, and MASTERY_LEDGER_COPY_URL right? Without the copy, who was erased since may come back; to go on "
    "without it, set MASTERY_LEDGER_COPY_URL to nothing"
)


class CopyStanding(Struct, frozen=True, kw_only=True):
    """How a copy and the ledger stand to each other.

    Attributes:
        lacking: Objects that the copy lacks.
        unknown: Students of whom the copy tells what the ledger does not know.
    """

    lacking: int
    unknown: int


@final
class LedgerCopy:
    """The copy at a target. What one of two knows and the other does not, both know afterwards."""

    def __init__(
        self, target: BackupTarget, ledger: ErasureLedger, store: StateStore, pseudonyms: keys.Pseudonyms
    ) -> None:
        """Put the parts together."""
        self._target = target
        self._ledger = ledger
        self._store = store
        self._pseudonyms = pseudonyms

    async def renew(self) -> int:
        """Add what the ledger has and the copy lacks; returns how many erasures, or steps of one.

        Raises:
            DependencyDown: Ledger or target do not answer.
            ConfigurationError: The target cannot be used.
        """
        there, added = frozenset(await self._target.names()), 0
        if MARK not in there:
            await self._target.write(MARK, _once(encode_mark(CopyMark(copy=uuid4().hex))))
        async for erasures in self._latest():
            for one in erasures:
                name = name_of(one)
                if name not in there:
                    copied = CopiedErasure(pseudonyms=self._pseudonyms.fingerprint, erasure=one)
                    await self._target.write(name, _once(encode_copied(copied)))
                    added += 1
        return added

    async def learn(self) -> int:
        """Take over into the ledger what the copy knows and it does not, with markers; returns of how many students.

        What was erased then is to be erased once more, and hidden from now on; the runner finds who is meant.

        Raises:
            DependencyDown: Ledger, store or target do not answer; again, and it goes on.
            ConfigurationError: The target cannot be used, or what lies there is damaged or of another key.
        """
        news, learned = await self._unknown(await self._target.names()), 0
        for student, name in sorted(news.items()):
            there = await self._read(name)
            if there.student == student and await self._ledger.learn(there):
                learned += 1
            # Also where the ledger knew: a run that was interrupted may have got no further.
            latest = (await self._ledger.find(there.tenant_id, [student])).get(student)
            if latest is not None:
                await self._store.write_many([Write(keys.erased(student), marker_of(latest))])
                await note_erasing(self._store, there.tenant_id, student, erasing=latest.state == "asked")
        return learned

    async def identity(self) -> str:
        """What tells this copy from another; see `identity_of`."""
        return await identity_of(self._target)

    async def standing(self) -> CopyStanding:
        """How the two stand to each other; changes nothing.

        Raises:
            DependencyDown: Ledger or target do not answer.
            ConfigurationError: No copy was begun there, or the target cannot be used.
        """
        names = await begun_names(self._target)
        there, lacking = frozenset(names), 0
        async for erasures in self._latest():
            lacking += sum(name_of(one) not in there for one in erasures)
        unknown = await self._unknown(names)
        return CopyStanding(lacking=lacking, unknown=len(unknown))

    async def _unknown(self, names: Iterable[str]) -> dict[str, str]:
        """By keyed hash of a student, the object that tells more than the ledger does."""
        news = newest(names)
        async for erasures in self._latest():
            for one in erasures:
                if news.get(one.student) == name_of(one):
                    del news[one.student]
        return news

    async def _latest(self) -> AsyncGenerator[list[Erasure]]:
        after = ""
        while found := await self._ledger.latest(after, _BATCH):
            yield found
            after = found[-1].student

    async def _read(self, name: str) -> Erasure:
        where = f"{self._target.where}: {name}"

        def refuse() -> Exception:
            return ConfigurationError(f"{where} is too large for an erasure of the ledger; move it away")

        value = await whole(self._target.read(name), LARGEST_BYTES, refuse)
        return decode_copied(value, where, self._pseudonyms.fingerprint)


async def begun_names(target: BackupTarget) -> list[str]:
    """Names of everything at a place where a copy was begun.

    Raises:
        DependencyDown: The target does not answer.
        ConfigurationError: None was begun there, or the target cannot be used.
    """
    names = list(await target.names())
    if MARK in names:
        return names
    raise ConfigurationError(
        f"no copy of the erasure ledger was begun at {target.where} (it has no {MARK}): {_ADVICE}"
    )


async def identity_of(target: BackupTarget) -> str:
    """What tells a copy that was begun from another.

    Raises:
        NotFound: None was begun there.
        DependencyDown: The target does not answer.
        ConfigurationError: What tells it is damaged, or the target cannot be used.
    """
    where = f"{target.where}: {MARK}"

    def refuse() -> Exception:
        return ConfigurationError(f"{where} is too large; put it back as it was")

    return decode_mark(await whole(target.read(MARK), LARGEST_MARK_BYTES, refuse), where).copy


async def check_identity(target: BackupTarget, known: str | None) -> None:
    """Refuse another copy than a backup knows.

    Args:
        target: Where one was begun.
        known: What the backup knows; None if it knows none.

    Raises:
        ConfigurationError: It is another one; or see `identity_of`, as for the rest.
    """
    if known is not None and await identity_of(target) != known:
        raise ConfigurationError(
            f"the copy of the erasure ledger at {target.where} is another one than when the backup was made; it may have "
            f"been begun anew while the first one was away: {_ADVICE}"
        )


async def _once(value: bytes) -> AsyncIterator[bytes]:
    yield value
