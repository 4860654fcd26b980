"""Tables as Parquet files, row group by row group; needs pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mastery_engine.adapters.oulad.columns import CHUNK_ROWS, Chunk, Column, Numbers, bad_cell, check_columns
from mastery_engine.domain.errors import ConfigurationError, InvalidInput, Problem

Arrow: TypeAlias = Any
"""Modules and objects of pyarrow, which comes without types."""


def is_available() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def read(path: Path, columns: Sequence[Column], keep: Mapping[str, str]) -> Iterator[Chunk]:
    """Read columns of the rows in which every column of `keep` has the given text.

    Raises:
        InvalidInput: A column is missing or of another type, or the file is no Parquet.
        ConfigurationError: pyarrow is not installed.
    """
    pa, compute, pq = _arrow(path)
    # Arrow's own pool keeps what it has once had, and an import runs on when its tables have been read.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        file = pq.ParquetFile(path, memory_map=True)
        check_columns(path, file.schema_arrow.names, columns)
        _check_types(path, file.schema_arrow, columns, pa)
        names = [column.name for column in columns]
        for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=names, use_threads=False):
            for name, text in keep.items():
                batch = batch.filter(compute.equal(batch.column(name), text))  # noqa: PLW2901
            yield _chunk(batch, columns, pa)
    except pa.ArrowException as error:
        rule = f"cannot be read as Parquet: {str(error)[:200]}"
        raise InvalidInput.of(Problem(path.name, "(file)", rule)) from None


def _arrow(path: Path) -> tuple[Arrow, Arrow, Arrow]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.compute"), import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigurationError(
            f"{path.name}: reading Parquet needs pyarrow; install it with "
            "`pip install 'mastery-engine[parquet]'`, or give the tables as CSV files"
        ) from None


def _chunk(batch: Arrow, columns: Sequence[Column], pa: Arrow) -> Chunk:
    texts: dict[str, list[str]] = {}
    numbers: dict[str, Numbers] = {}
    for column in columns:
        cells = batch.column(column.name)
        if column.kind == "text":
            texts[column.name] = [text or "" for text in cells.to_pylist()]
        else:
            floats = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
            numbers[column.name] = np.asarray(floats, dtype=np.float64)
    return Chunk(texts, numbers)


def _check_types(path: Path, schema: Arrow, columns: Sequence[Column], pa: Arrow) -> None:
    for column in columns:
        kind = schema.field(column.name).type
        if isinstance(kind, pa.DictionaryType):
            kind = kind.value_type
        types = pa.types
        is_text = types.is_string(kind) or types.is_large_string(kind)
        is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)
        if not (is_text if column.kind == "text" else is_number):
            raise bad_cell(path.name, column.name, kind, f"must be a column of {column.kind}s")
