"""A folder that is to be read as a backup and holds something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mastery_engine.adapters.backups.folder import FolderTarget
from mastery_engine.domain.errors import ConfigurationError


async def read(folder: Path, name: str) -> bytes:
    return b"".join([piece async for piece in FolderTarget(folder).read(name)])


async def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(ConfigurationError, match=r"manifest\.json is no file"):
        await read(tmp_path, "manifest.json")


async def test_a_folder_is_no_part(tmp_path: Path) -> None:
    (tmp_path / "log.db.z").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        await read(tmp_path, "log.db.z")


async def test_a_part_may_lie_elsewhere_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"part")
    (tmp_path / "log.db.z").symlink_to(tmp_path / "there")
    assert await read(tmp_path, "log.db.z") == b"part"
