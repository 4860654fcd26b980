"""What a backup is made of: a manifest, and parts of compressed, length-prefixed MessagePack."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from typing import Annotated, Final, Literal, final

import msgspec
from msgspec import Meta, Struct

from mastery_engine.domain.errors import MasteryError, NewerVersion

FORMAT: Final = 2
"""2 has notes of revoked tokens."""
MANIFEST: Final = "manifest.json"
ItemKind = Literal["processed", "document", "tenant", "marker", "revocation"]
PartKind = Literal["state", "archive.db", "log.db", "pseudonym.key"]
# A manifest may come from elsewhere: no name leaves the backup's folder, and no number is one that nothing can work with.
_Name = Annotated[
    str, Meta(pattern=r"\A(?:state-[0-9]{6,12}\.part|(?:archive\.db|log\.db|pseudonym\.key)\.z)\Z")
]
_TenantId = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,49}\Z")]
_Moment = Annotated[int, Meta(ge=0, lt=253_402_300_800_000)]
_Natural = Annotated[int, Meta(ge=0, lt=1 << 62)]
_LENGTH_BYTES: Final = 4
_LONGEST_ITEM: Final = 64 * 1024 * 1024
_PIECE: Final = 1024 * 1024


class DamagedBackup(MasteryError):
    """A backup is not what was written; the message names the part."""


class Item(Struct, array_like=True, frozen=True, gc=False):
    """A key of the state store and its value."""

    kind: ItemKind
    key: str
    value: bytes


class Part(Struct, frozen=True, kw_only=True):
    """An object of a backup.

    Attributes:
        name: Of the object.
        kind: `state` for items, else the file that it is a snapshot of.
        size: In bytes, as it lies there.
        sha256: Of these bytes, hexadecimal.
        items: How many it has; 0 for a file.
    """

    name: _Name
    kind: PartKind
    size: _Natural
    sha256: str
    items: _Natural = 0


class Counts(Struct, kw_only=True):
    """How many of each kind."""

    documents: int = 0
    processed: int = 0
    tenants: int = 0
    markers: int = 0
    revocations: int = 0

    def add(self, kind: ItemKind) -> None:
        """Count one more."""
        match kind:
            case "document":
                self.documents += 1
            case "processed":
                self.processed += 1
            case "tenant":
                self.tenants += 1
            case "marker":
                self.markers += 1
            case "revocation":
                self.revocations += 1


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds, written last.

    Attributes:
        format: Of the backup.
        engine: Release that wrote it.
        began_ms: No event that was folded before is missing.
        ended_ms: When it was whole.
        store: Kind of the state store.
        log: Kind of the log.
        topic: Name of the log's topic.
        topic_id: The topic's own id.
        offsets: By partition, where the log is to be read on from.
        pseudonyms: Hash that tells one key of the students' hashes from another.
        tenants: Ids of the schools in it.
        tenant: The one school that was asked for; None means all.
        ledger_copy: Tells the copy of the erasure ledger of then from others; None without one.
        counts: How many of each kind.
        parts: Objects beside the manifest.
    """

    format: int = FORMAT
    engine: str
    began_ms: _Moment
    ended_ms: _Moment
    store: str
    log: str
    topic: str
    topic_id: str
    offsets: dict[_Natural, _Natural]
    pseudonyms: str
    tenants: list[_TenantId]
    tenant: _TenantId | None = None
    ledger_copy: str | None = None
    counts: Counts
    parts: list[Part]


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(value: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        NewerVersion: A newer release wrote it.
        DamagedBackup: It is none.
    """
    try:
        version = msgspec.json.decode(value, type=_Version).format
        if version > FORMAT:
            raise NewerVersion(
                f"the backup has format {version}, this release reads up to {FORMAT}; restore it with a newer release"
            )
        manifest = msgspec.json.decode(value, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedBackup(f"{MANIFEST} is damaged: {error}") from None
    names = {part.name for part in manifest.parts if _is_named_for_its_kind(part)}
    if len(names) < len(manifest.parts):
        raise DamagedBackup(f"{MANIFEST} is damaged: parts with names of something else, or of one another")
    return manifest


def _is_named_for_its_kind(part: Part) -> bool:
    return part.name.startswith("state-") if part.kind == "state" else part.name == f"{part.kind}.z"


class _Version(Struct):
    format: Annotated[int, Meta(ge=1)]


@final
class Packer:
    """Turns items into the bytes of a part, piece by piece."""

    def __init__(self) -> None:
        """Begin a part."""
        self._encoder = msgspec.msgpack.Encoder()
        self._squeeze = zlib.compressobj(6)

    def add(self, item: Item) -> bytes:
        """What is ready to be written."""
        value = self._encoder.encode(item)
        return self._squeeze.compress(len(value).to_bytes(_LENGTH_BYTES, "big") + value)

    def end(self) -> bytes:
        """The rest; an empty item ends a part."""
        return self._squeeze.compress(bytes(_LENGTH_BYTES)) + self._squeeze.flush()


@final
class Unpacker:
    """Turns the bytes of a part into items, piece by piece."""

    def __init__(self, name: str) -> None:
        """Begin a part.

        Args:
            name: Of the part, for messages.
        """
        self._name = name
        self._decoder = msgspec.msgpack.Decoder(Item)
        self._spread = Inflater(name)
        self._rest = bytearray()
        self._ended = False

    def feed(self, piece: bytes) -> Generator[list[Item]]:
        """The items that are whole with this piece, in batches of bounded size however much it spreads to.

        Raises:
            DamagedBackup: These are no items.
        """
        for plain in self._spread.feed(piece):
            self._rest += plain
            if items := list(self._items()):
                yield items

    def check_end(self) -> None:
        """To be asked after the last piece.

        Raises:
            DamagedBackup: The part was cut off.
        """
        self._spread.check_end()
        if not self._ended or self._rest:
            raise DamagedBackup(f"{self._name} is cut off")

    def _items(self) -> Generator[Item]:
        place = 0
        while len(self._rest) >= place + _LENGTH_BYTES:
            size = int.from_bytes(self._rest[place : place + _LENGTH_BYTES], "big")
            if size > _LONGEST_ITEM or self._ended:
                raise DamagedBackup(f"{self._name} is damaged: an item of {size:,} bytes")
            if len(self._rest) < place + _LENGTH_BYTES + size:
                break
            place += _LENGTH_BYTES
            if size == 0:
                self._ended = True
                continue
            try:
                item = self._decoder.decode(self._rest[place : place + size])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise DamagedBackup(f"{self._name} is damaged: {error}") from None
            place += size
            yield item
        del self._rest[:place]


@final
class Inflater:
    """Undoes the compression, a bounded piece at a time."""

    def __init__(self, name: str) -> None:
        """Begin a part."""
        self._name = name
        self._spread = zlib.decompressobj()

    def feed(self, piece: bytes) -> Generator[bytes]:
        """What the piece held.

        Raises:
            DamagedBackup: These are no compressed bytes.
        """
        plain = b""
        while piece or len(plain) == _PIECE:
            if self._spread.eof and piece:
                raise DamagedBackup(f"{self._name} goes on behind its end")
            try:
                plain = self._spread.decompress(piece, _PIECE)
            except zlib.error as error:
                raise DamagedBackup(f"{self._name} is damaged: {error}") from None
            # What did not fit comes with the next call, though nothing more be put in.
            piece = self._spread.unconsumed_tail or self._spread.unused_data
            yield plain

    def check_end(self) -> None:
        """To be asked after the last piece.

        Raises:
            DamagedBackup: The part was cut off.
        """
        if not self._spread.eof:
            raise DamagedBackup(f"{self._name} is cut off")
