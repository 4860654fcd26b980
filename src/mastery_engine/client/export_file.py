"""The zip of an export as a file: there whole and as it was made, or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final

import msgspec

from mastery_engine.client.errors import UnexpectedAnswer
from mastery_engine.contracts.student_export import MANIFEST, ExportedPart, ExportManifest
from mastery_engine.domain.errors import Conflict

_CHUNK: Final = 1 << 20


@contextmanager
def export_file(to: Path) -> Generator[IO[bytes]]:
    """Write beside the place, readable by nobody else, and put it there once it is whole; an error leaves nothing.

    Raises:
        Conflict: There is a file already.
        UnexpectedAnswer: What was written is no export, or not as its manifest tells.
    """
    if to.exists():
        raise Conflict(f"{to} is there already; name another file, or remove it first")
    # A temporary file has mode 0600.
    with NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        beside = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            check(beside)
            beside.replace(to)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def check(path: Path) -> None:
    """Check sizes and SHA-256 of all parts; a second for some hundred megabytes.

    Raises:
        UnexpectedAnswer: It is no export, or not as its manifest tells.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            manifest = msgspec.json.decode(packed.read(MANIFEST), type=ExportManifest)
            wrong = [part.name for part in manifest.parts if not _is_sound(packed, part)]
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError) as error:
        raise UnexpectedAnswer(f"what came is no export: {type(error).__name__}; nothing was kept") from None
    if wrong:
        raise UnexpectedAnswer(
            f"the export is not as it was made: {', '.join(wrong)} differ from {MANIFEST}; nothing was kept"
        )


def _is_sound(packed: zipfile.ZipFile, part: ExportedPart) -> bool:
    digest, size = sha256(), 0
    with packed.open(part.name) as file:
        while size <= part.bytes and (data := file.read(_CHUNK)):
            digest.update(data)
            size += len(data)
    return size == part.bytes and digest.hexdigest() == part.sha256
