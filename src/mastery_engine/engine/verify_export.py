"""Whether a zip or folder of an export is whole, as it was made, and of the form that its schema tells."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final, Protocol, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.student_export import FORMAT, MANIFEST, ExportedPart, ExportManifest
from mastery_engine.contracts.student_export import PART_TYPES as STUDENT_PARTS
from mastery_engine.engine.tenant_export_form import KIND, PART_TYPES

_LINES: Final = ".jsonl"
_CHUNK: Final = 1 << 20
_MOST_MANIFEST: Final = 1 << 20
_LONGEST_LINE: Final = 64 << 20


class VerifiedExport(Struct, frozen=True, kw_only=True):
    """What a check of a zip came to.

    Attributes:
        made_at: When it was made, as its manifest has it; None if that cannot be read.
        engine_version: Release that made it, as above.
        parts: How many files are as the manifest has them.
        bytes: Their size.
        problems: What is not as it should be; none, and the zip is sound.
    """

    made_at: str | None
    engine_version: str | None
    parts: int
    bytes: int
    problems: list[str]


class _Files(Protocol):
    """Files by name; one that is not there is a `KeyError`."""

    def namelist(self) -> list[str]: ...

    def open(self, name: str) -> IO[bytes]: ...


@final
class _Folder:
    """A folder like a zip."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def namelist(self) -> list[str]:
        return sorted(one.name for one in self._path.iterdir())

    def open(self, name: str) -> IO[bytes]:
        if name not in self.namelist() or not (self._path / name).is_file():
            raise KeyError(name)
        return (self._path / name).open("rb")


def verify_export(path: Path) -> VerifiedExport:
    """Check names, sizes, SHA-256 and form of everything in a zip, or in a folder; nothing is unpacked to the disk.

    Raises:
        OSError: The file cannot be read.
    """
    if path.is_dir():
        return _verified(_Folder(path))
    try:
        with zipfile.ZipFile(path) as packed:
            return _verified(packed)
    except zipfile.BadZipFile:
        return _unreadable("it is no zip, or its end is missing")


def _verified(packed: _Files) -> VerifiedExport:
    names = packed.namelist()
    try:
        with packed.open(MANIFEST) as file:
            manifest = msgspec.json.decode(file.read(_MOST_MANIFEST), type=ExportManifest)
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError, zipfile.BadZipFile):
        return _unreadable(f"{MANIFEST} is missing or cannot be read")
    problems: list[str] = []
    if manifest.format > FORMAT:
        problems.append(
            f"format {manifest.format} is newer than this release's {FORMAT}; forms are not checked"
        )
    wanted = [*(part.name for part in manifest.parts), MANIFEST]
    problems += [f"{name!r} is not in {MANIFEST}" for name in sorted(set(names) - set(wanted))]
    problems += [f"{name!r} is missing" for name in sorted(set(wanted) - set(names))]
    problems += [f"{name!r} is there more than once" for name in sorted(set(names)) if names.count(name) > 1]
    types = {} if manifest.format > FORMAT else PART_TYPES if manifest.kind == KIND else STUDENT_PARTS
    sound = 0
    for part in manifest.parts:
        if part.name in names:
            found = _problem(packed, part, types.get(part.name))
            sound += found is None
            problems += [] if found is None else [f"{part.name!r} {found}"]
    return VerifiedExport(
        made_at=manifest.made_at,
        engine_version=manifest.engine_version,
        parts=sound,
        bytes=sum(part.bytes for part in manifest.parts),
        problems=problems,
    )


def _problem(packed: _Files, part: ExportedPart, form: Any) -> str | None:
    """What is wrong with a part, None if nothing is; no more of it is read than its size says."""
    digest, size = sha256(), 0
    try:
        with packed.open(part.name) as file:
            while size <= part.bytes and (data := file.read(_CHUNK)):
                digest.update(data)
                size += len(data)
    except (zipfile.BadZipFile, EOFError, KeyError):
        return "is damaged"
    if size != part.bytes or digest.hexdigest() != part.sha256:
        return "is not as it was made: size or SHA-256 is another"
    if form is None:
        return None
    with packed.open(part.name) as file:
        return _form_problem(file, form, lines=part.name.endswith(_LINES))


def _form_problem(file: IO[bytes], form: Any, *, lines: bool) -> str | None:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(form)
    pieces = iter(lambda: file.readline(_LONGEST_LINE), b"") if lines else iter([file.read()])
    for number, piece in enumerate(pieces, 1):
        try:
            decoder.decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"breaks its schema in line {number}: {error}" if lines else f"breaks its schema: {error}"
    return None


def _unreadable(problem: str) -> VerifiedExport:
    return VerifiedExport(made_at=None, engine_version=None, parts=0, bytes=0, problems=[problem])
