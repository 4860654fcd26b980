"""The files of a OneRoster export, in a folder or a zip: read by name and bounded, nothing is unpacked."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, final

from mastery_engine.domain.errors import InvalidInput, Problem

MOST_BYTES: Final = 128 << 20
"""Most of one file, spread out."""
MOST_ENTRIES: Final = 200
_BROKEN: Final = (
    OSError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    UnicodeDecodeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What a zip that is none, is damaged or was made to do harm ends in."""


class RosterFiles(Protocol):
    """Files by name."""

    def read(self, name: str) -> bytes | None:
        """All of a file; None if there is none.

        Raises:
            InvalidInput: It is too large, or cannot be read.
        """
        ...


@contextmanager
def open_files(path: Path) -> Generator[RosterFiles]:
    """Open a folder or a zip.

    Raises:
        InvalidInput: It is neither, or a zip with more in it than any export has.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        opened = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise InvalidInput.of(Problem("", path.name, f"is no folder and no zip: {error}")) from None
    with opened as archive:
        if len(archive.infolist()) > MOST_ENTRIES:
            rule = f"has more than {MOST_ENTRIES} files; a OneRoster export has about twenty"
            raise InvalidInput.of(Problem("", path.name, rule))
        yield _Zip(archive)


@final
class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        try:
            with (self._path / name).open("rb") as file:
                return _bounded(name, file.read(MOST_BYTES + 1))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidInput.of(Problem("", name, f"cannot be read: {error.strerror}")) from None


@final
class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def read(self, name: str) -> bytes | None:
        try:
            # What the directory says of sizes is the sender's word: no more than so much is ever spread out.
            with self._archive.open(name) as file:
                return _bounded(name, file.read(MOST_BYTES + 1))
        except KeyError:
            return None
        except _BROKEN as error:
            raise InvalidInput.of(Problem("", name, f"cannot be read in the zip: {error}")) from None


def _bounded(name: str, data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise InvalidInput.of(Problem("", name, f"has more than {MOST_BYTES >> 20} MiB"))
    return data
