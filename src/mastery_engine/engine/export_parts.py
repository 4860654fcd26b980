"""Parts of an export, written one after the other: into a zip that is sent while it is made, each with its size and SHA-256."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, Final, Protocol, cast, final

from mastery_engine.contracts.student_export import ExportedPart

_OLDEST_YEAR: Final = 1980
_LEVEL: Final = 6
_MODE: Final = 0o600 << 16


class Parts(Protocol):
    """Takes parts.

    Attributes:
        done: Those that are whole.
    """

    done: list[ExportedPart]

    def begin(self, name: str, what: str) -> None:
        """Begin a part; the one before must have ended."""
        ...

    def write(self, data: bytes) -> None:
        """Go on with the part."""
        ...

    def end(self) -> None:
        """End the part."""
        ...


class _Unsent:
    """What has been written and not yet taken: a file that goes only forward."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


@final
class ZipParts:
    """A zip whose bytes depend on the parts and the time alone."""

    def __init__(self, made_ms: int) -> None:
        """Begin, with one time for all files."""
        moment = datetime.fromtimestamp(made_ms / 1_000, UTC)
        self._time = (max(moment.year, _OLDEST_YEAR), *moment.timetuple()[1:6])
        self._unsent = _Unsent()
        self._zip = zipfile.ZipFile(
            cast("IO[bytes]", self._unsent), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL
        )
        self._part: IO[bytes] | None = None
        self._name, self._what, self._size, self._hash = "", "", 0, sha256()
        self.done: list[ExportedPart] = []

    def begin(self, name: str, what: str) -> None:
        """See `Parts`."""
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _MODE, 3
        self._part = self._zip.open(info, "w", force_zip64=True)
        self._name, self._what, self._size, self._hash = name, what, 0, sha256()

    def write(self, data: bytes) -> None:
        """See `Parts`."""
        assert self._part is not None  # noqa: S101 - begun
        self._part.write(data)
        self._hash.update(data)
        self._size += len(data)

    def end(self) -> None:
        """See `Parts`."""
        assert self._part is not None  # noqa: S101 - begun
        self._part.close()
        digest = self._hash.hexdigest()
        self.done.append(ExportedPart(name=self._name, what=self._what, bytes=self._size, sha256=digest))

    def take(self) -> bytes:
        """What can be sent by now."""
        data = bytes(self._unsent.data)
        self._unsent.data.clear()
        return data

    def finish(self) -> bytes:
        """The rest."""
        self._zip.close()
        return self.take()
