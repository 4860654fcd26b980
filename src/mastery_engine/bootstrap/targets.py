"""Places apart from the data: for backups, and for a copy of the erasure ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from mastery_engine.bootstrap.extras import require
from mastery_engine.config import without_secrets
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.ports import BackupTarget

OBJECT_SCHEMES: Final = ("s3", "gs", "az")


@asynccontextmanager
async def open_target(address: str) -> AsyncGenerator[BackupTarget]:
    """A place for backups.

    Args:
        address: A folder, as a path or a `file://` URL, or `s3://`, `gs://` or `az://` with bucket and path.

    Raises:
        InvalidInput: It is another kind of URL.
        ConfigurationError: The extra `objects` is not installed, or the object store cannot be used.
    """
    scheme, there, _ = address.partition("://")
    target: BackupTarget
    if there and scheme in OBJECT_SCHEMES:
        require("objects", ("obstore",), f"{scheme}://")
        from mastery_engine.adapters.backups.objects import ObjectsTarget  # noqa: PLC0415 - only where it is used

        target = ObjectsTarget.at(address)
    else:
        from mastery_engine.adapters.backups.folder import FolderTarget  # noqa: PLC0415 - as above

        target = FolderTarget(_folder(address))
    try:
        yield target
    finally:
        await target.close()


def _folder(address: str) -> Path:
    scheme, there, _ = address.partition("://")
    if not there:
        return Path(address).expanduser()
    path = unquote(urlsplit(address).path)
    if scheme != "file" or not path:
        raise InvalidInput.of(
            Problem(
                "address",
                without_secrets(address)[:100],
                f"must be a folder, file:///FOLDER, or {', '.join(f'{one}://' for one in OBJECT_SCHEMES)} with bucket and path",
            )
        )
    return Path(path)
