"""A copy of the erasure ledger, apart from the data: one object for each erasure and how far it is, under keyed hashes alone.

None is ever written twice: whoever adds takes nothing away that somebody else knew, a home of earlier days above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from mastery_engine.contracts.erasure import Erasure, ErasureState
from mastery_engine.domain.errors import ConfigurationError

FORMAT: Final = 1
LARGEST_BYTES: Final = 4_096
MARK: Final = "erasure-ledger-copy.json"
"""Object without an erasure: a copy was begun here. A place without it is no copy; a disk that is not there looks like that."""
LARGEST_MARK_BYTES: Final = 1_024
_NAME: Final = re.compile(
    r"(?P<student>[0-9a-f]{32})-(?P<number>[0-9]{6,12})-(?P<state>asked|done|lifted)\.json"
)
_ORDER: Final[tuple[ErasureState, ...]] = ("asked", "done", "lifted")


class CopiedErasure(Struct, frozen=True, kw_only=True):
    """What an object holds.

    Attributes:
        pseudonyms: Tells one key of the students' hashes from another.
        erasure: As the ledger had it.
        format: Of the object.
    """

    pseudonyms: str
    erasure: Erasure
    format: Annotated[int, Meta(ge=1, le=FORMAT)] = FORMAT


class CopyMark(Struct, frozen=True, kw_only=True):
    """What the object tells that a copy was begun with.

    Attributes:
        copy: Drawn when it was begun: one that was begun anew, while the disk of the first was away, is another one.
        format: Of the object.
    """

    copy: str
    format: Annotated[int, Meta(ge=1, le=FORMAT)] = FORMAT


def name_of(erasure: Erasure) -> str:
    """Name of the object."""
    return f"{erasure.student}-{erasure.number:06}-{erasure.state}.json"


def newest(names: Iterable[str]) -> dict[str, str]:
    """The name that tells most of each student, by keyed hash; names of other things are passed over."""
    found: dict[str, tuple[tuple[int, int], str]] = {}
    for name in names:
        read = _NAME.fullmatch(name)
        if read is not None:
            rank = int(read["number"]), _ORDER.index(read["state"])
            found[read["student"]] = max(found.get(read["student"], ((0, 0), "")), (rank, name))
    return {student: name for student, (_, name) in found.items()}


def encode_mark(mark: CopyMark) -> bytes:
    """The object as JSON."""
    return msgspec.json.encode(mark, order="deterministic")


def decode_mark(value: bytes, where: str) -> CopyMark:
    """Read the object.

    Raises:
        ConfigurationError: It is damaged.
    """
    try:
        return msgspec.json.decode(value, type=CopyMark)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigurationError(f"{where} is damaged, or of a newer release: put it back") from None


def encode_copied(copied: CopiedErasure) -> bytes:
    """The object as JSON."""
    return msgspec.json.encode(copied, order="deterministic")


def decode_copied(value: bytes, where: str, pseudonyms: str) -> Erasure:
    """Read an object.

    Args:
        value: Its bytes.
        where: For people.
        pseudonyms: Of the key that is in use.

    Raises:
        ConfigurationError: It is damaged, or of another key, to which nobody of it would be known.
    """
    try:
        copied = msgspec.json.decode(value, type=CopiedErasure)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigurationError(
            f"{where} is damaged, or of a newer release: put it back, or who was erased may come back"
        ) from None
    if copied.pseudonyms != pseudonyms:
        raise ConfigurationError(
            f"{where} was made under another key of the students' hashes: set MASTERY_PSEUDONYM_KEY, or the file "
            "pseudonym.key, to the one of then, or name another MASTERY_LEDGER_COPY_URL"
        )
    return copied.erasure
