"""The folder with the tables: which file holds a table, and reading it whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mastery_engine.adapters.oulad import csv_table, parquet_table
from mastery_engine.adapters.oulad.columns import Chunk, Column
from mastery_engine.domain.errors import InvalidInput, Problem


class Folder:
    """A folder with the tables as CSV or Parquet files of their published names."""

    def __init__(self, path: Path) -> None:
        """Look at the folder.

        Raises:
            InvalidInput: There is no such folder.
        """
        if not path.is_dir():
            raise InvalidInput.of(Problem("DIR", str(path), "is no folder"))
        self._path = path

    def find(self, *tables: str) -> Path:
        """The file of the first table that is there; Parquet, if it can be read, before CSV.

        Raises:
            InvalidInput: There is none.
        """
        suffixes = (".parquet", ".csv") if parquet_table.is_available() else (".csv", ".parquet")
        for table in tables:
            for suffix in suffixes:
                path = self._path / f"{table}{suffix}"
                if path.is_file():
                    return path
        names = " or ".join(f"{table}.csv or {table}.parquet" for table in tables)
        raise InvalidInput.of(Problem("DIR", str(self._path), f"has no file {names}"))

    def read(self, path: Path, columns: Sequence[Column], keep: Mapping[str, str]) -> Iterator[Chunk]:
        """Read a file of this folder; see `csv_table.read` and `parquet_table.read`."""
        reader = parquet_table if path.suffix == ".parquet" else csv_table
        return reader.read(path, columns, keep)
