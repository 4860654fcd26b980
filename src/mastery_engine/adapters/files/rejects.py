"""The file of refused lines: to be mended and sent again by the same command.

Each refused line stands there byte for byte, after a line that says why:

    # refused line 17: completed_exercises = 12: must not be more than total_exercises = 10
    {"event_id": ...}

Readers pass over the lines that say why. Of a CSV file the header comes first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, final

from mastery_engine.adapters.files.event_file import EventFile
from mastery_engine.adapters.files.records import REFUSED, Record
from mastery_engine.domain.errors import InvalidInput, Problem


@final
class RejectsWriter:
    """Collects refused lines beside the target, which it replaces at a good end and leaves alone at a bad.

    So the target may be the very file that is being read.

    Attributes:
        count: Lines written.
    """

    def __init__(self, path: Path, source: EventFile) -> None:
        """Prepare the writer; the file is made on entering.

        Args:
            path: Target; for lines of a CSV file it ends in .csv or .tsv, else in neither.
            source: The file that is read.

        Raises:
            InvalidInput: The target's name does not tell the format of the lines, or it is no plain file.
        """
        if (path.suffix.lower() in (".csv", ".tsv")) != (source.format == "csv"):
            rule = "must end in .csv" if source.format == "csv" else "holds JSON lines: it must end in .jsonl"
            raise InvalidInput.of(Problem("rejects", str(path), f"{rule}, to be read again as it was read"))
        if path.exists() and not path.is_file():
            # Replacing it would put a file in the place of a folder, or of /dev/null.
            raise InvalidInput.of(Problem("rejects", str(path), "must be a file, or the name of a new one"))
        self.count = 0
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._header = source.header
        self._stream: BinaryIO

    def __enter__(self) -> Self:
        """Make the file beside the target.

        Raises:
            InvalidInput: It cannot be made there.
        """
        try:
            self._part.unlink(missing_ok=True)
            # Made anew and for the user only: refused lines are personal data too.
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            rule = f"cannot be written: {error.strerror}"
            raise InvalidInput.of(Problem("rejects", str(self._path), rule)) from None
        self._stream = os.fdopen(descriptor, "wb")
        if self._header is not None:
            self._stream.write(self._header + b"\n")
        return self

    def write(self, record: Record, problems: Iterable[Problem] | None = None) -> None:
        """Write one refused line.

        Args:
            record: The line.
            problems: Why it was refused, if it was not by the reader.
        """
        why = "; ".join(map(str, record.problems if problems is None else problems))
        comment = " ".join(f"line {record.line}: {why}".split())
        self._stream.write(REFUSED + comment.encode("utf-8", "backslashreplace") + b"\n")
        if record.raw:
            self._stream.write(record.raw + b"\n")
        self.count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()
