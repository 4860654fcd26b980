"""Parts of a backup: items and files in, objects of bounded size out; and back again, checked."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Final, Protocol, final

from mastery_engine.contracts.backup import DamagedBackup, Inflater, Item, Packer, Part, PartKind, Unpacker
from mastery_engine.domain.errors import NotFound
from mastery_engine.ports import BackupTarget

PART_BYTES: Final = 64 * 1024 * 1024
"""Of a part of items, compressed; little enough to be sent again, large enough that there are few."""


class Watcher(Protocol):
    """Somebody who wants to know how far it is."""

    def advanced(self, what: str, amount: int) -> None:
        """So much more is done: of items, or of bytes where a file is meant."""
        ...


class Snapshot(Protocol):
    """A file of which there is a copy of one moment to be had.

    Attributes:
        kind: Which one.
    """

    kind: PartKind

    def pieces(self) -> AsyncIterator[bytes]:
        """The copy, taken when the first piece is asked for."""
        ...


@final
class _Measured:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self.size = 0

    def pass_on(self, piece: bytes) -> bytes:
        self._sum.update(piece)
        self.size += len(piece)
        return piece

    def part(self, name: str, kind: PartKind, items: int = 0) -> Part:
        return Part(name=name, kind=kind, size=self.size, sha256=self._sum.hexdigest(), items=items)


@final
class PartWriter:
    """Writes items into as many parts as they need."""

    def __init__(self, target: BackupTarget, part_bytes: int = PART_BYTES) -> None:
        """Write to a target.

        Args:
            target: Where to.
            part_bytes: Size from which the next part is begun.
        """
        self._target = target
        self._part_bytes = part_bytes
        self._ended = False

    async def items(self, batches: AsyncIterator[list[Item]]) -> list[Part]:
        """All of them; at least one part."""
        parts: list[Part] = []
        while not self._ended:
            name = f"state-{len(parts) + 1:06}.part"
            measured, items = _Measured(), [0]
            await self._target.write(name, self._part(batches, measured, items))
            parts.append(measured.part(name, "state", items[0]))
        return parts

    async def file(self, snapshot: Snapshot, watcher: Watcher | None = None) -> Part:
        """A file, compressed."""
        name, measured = f"{snapshot.kind}.z", _Measured()
        await self._target.write(name, _squeezed(snapshot, measured, watcher))
        return measured.part(name, snapshot.kind)

    async def _part(
        self, batches: AsyncIterator[list[Item]], measured: _Measured, items: list[int]
    ) -> AsyncGenerator[bytes]:
        packer = Packer()
        while measured.size < self._part_bytes:
            batch = await anext(batches, None)
            if batch is None:
                self._ended = True
                break
            piece = b"".join([packer.add(item) for item in batch])
            items[0] += len(batch)
            if piece:
                yield measured.pass_on(piece)
        yield measured.pass_on(packer.end())


async def items_of(target: BackupTarget, part: Part) -> AsyncGenerator[list[Item]]:
    """The items of a part, once more checked against its hash at the end.

    Raises:
        DamagedBackup: The part is not what was written.
        DependencyDown: It cannot be read now.
    """
    unpacker, found = Unpacker(part.name), 0
    async for piece in _checked(target, part):
        for items in unpacker.feed(piece):
            found += len(items)
            yield items
    unpacker.check_end()
    if found != part.items:
        raise DamagedBackup(f"{part.name} has {found:,} items and not {part.items:,}")


async def file_of(target: BackupTarget, part: Part) -> AsyncGenerator[bytes]:
    """The bytes of a file, piece by piece; see `items_of`."""
    inflater = Inflater(part.name)
    async for piece in _checked(target, part):
        for plain in inflater.feed(piece):
            yield plain
    inflater.check_end()


async def _checked(target: BackupTarget, part: Part) -> AsyncGenerator[bytes]:
    measured = _Measured()
    try:
        async for piece in target.read(part.name):
            yield measured.pass_on(piece)
    except NotFound:
        raise DamagedBackup(f"{part.name} is missing from {target.where}") from None
    found = measured.part(part.name, part.kind, part.items)
    if found != part:
        raise DamagedBackup(
            f"{part.name} is damaged: {found.size:,} bytes with SHA-256 {found.sha256[:12]}…, "
            f"and not {part.size:,} with {part.sha256[:12]}…"
        )


async def _squeezed(
    snapshot: Snapshot, measured: _Measured, watcher: Watcher | None
) -> AsyncGenerator[bytes]:
    squeeze = zlib.compressobj(6)
    async for piece in snapshot.pieces():
        squeezed = squeeze.compress(piece)
        if watcher is not None:
            watcher.advanced(snapshot.kind, len(piece))
        if squeezed:
            yield measured.pass_on(squeezed)
    yield measured.pass_on(squeeze.flush())


async def whole(pieces: AsyncIterable[bytes], most: int, refuse: Callable[[], Exception]) -> bytes:
    """All pieces together, where they are few.

    Args:
        pieces: Of something small.
        most: How many bytes they may be.
        refuse: Gives the error of more.
    """
    found = bytearray()
    async for piece in pieces:
        found += piece
        if len(found) > most:
            raise refuse()
    return bytes(found)
